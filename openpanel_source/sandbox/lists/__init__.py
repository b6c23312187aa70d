"""What the dashboard lists: ``/manage`` and the lists of ``/insights``."""
