"""A chart: defined, checked, asked for bucket by bucket, and made into rows."""
