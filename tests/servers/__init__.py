"""Destinations that need a server, or packages of their own; run by `make test-destinations`."""
