"""Load OpenPanel events and charts through the Export API, losing nothing."""

__version__ = "0.1.0"
