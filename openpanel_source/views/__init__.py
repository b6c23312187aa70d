"""The analyst's SQL views, rendered and created."""
