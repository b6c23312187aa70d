"""The analyst's SQL views."""
