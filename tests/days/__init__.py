"""Which days are read, and what is said of them."""
