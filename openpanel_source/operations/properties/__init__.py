"""Keys of the properties of loaded events: which there are, and columns filled from them."""
