"""The project itself: its surface, pages, benchmarks, rooms and dependencies."""
