"""Days of servers before 2026-03, whose pages hide rows: read by exact positions."""
