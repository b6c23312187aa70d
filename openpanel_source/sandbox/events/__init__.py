"""Events: stored, selected by filters, counted and listed."""
