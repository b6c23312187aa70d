"""The dlt source: settings in, one load package out."""
