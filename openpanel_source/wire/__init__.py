"""How requests travel: connections, deadlines, limits, retries; it knows no OpenPanel."""
