"""The notebook on the warehouse: what it asks, and how it is served."""
