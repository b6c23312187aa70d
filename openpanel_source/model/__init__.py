"""The words that all else speaks: tables, days, instants, JSON and SQL conditions; no I/O."""
