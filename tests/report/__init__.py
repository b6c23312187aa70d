"""The report: its numbers, and the page that shows them."""
