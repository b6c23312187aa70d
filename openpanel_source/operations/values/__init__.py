"""Compare the values of chosen days: which days, what is found, and where that is written."""
