"""What becomes of a row, its fields, properties and privacy."""
