"""Which UTC days to read; each is read to a verdict, and remembered in the ledger."""
