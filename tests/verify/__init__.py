"""Values are compared by a way of their own, and whatever differs is found."""
