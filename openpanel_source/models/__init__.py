"""The analyst's models: what they are, made as tables or views, kept up to date."""
