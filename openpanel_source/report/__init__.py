"""The report: numbers of the models on one page that needs nothing."""
