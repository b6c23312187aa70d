"""What each kind of destination needs to hold exactly what came, and what it raises."""
