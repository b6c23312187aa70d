"""What arrives in each kind of destination."""
