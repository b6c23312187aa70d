"""Load OpenPanel events and charts through the Export API, losing nothing."""
