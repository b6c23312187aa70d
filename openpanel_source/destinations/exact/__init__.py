"""What destinations of dlt are told, to hold exactly what comes."""
