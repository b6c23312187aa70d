"""What the dashboard lists beside events: asked for whole, each list to a verdict of its own."""
