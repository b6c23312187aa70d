"""Tables in files: plain Parquet, Delta, Iceberg; loads replace their rows."""
