"""The bytes of a page become Arrow rows, with new fields, properties and privacy applied; pure."""
