"""What the dashboard lists is loaded whole, or said not to be."""
