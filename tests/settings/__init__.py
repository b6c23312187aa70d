"""Settings, and what a caller may do to a source."""
