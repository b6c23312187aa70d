"""How requests travel: deadlines, limits, retries, proxies."""
