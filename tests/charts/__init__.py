"""Charts, from their definition to their rows."""
