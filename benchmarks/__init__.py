"""How fast a sync is, what it needs, and how that compares: see docs/performance.md."""
