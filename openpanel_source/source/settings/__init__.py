"""What a user can set: declared once, found in dlt's configuration, checked before any work."""
