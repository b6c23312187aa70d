"""Requests, answers and generations of servers."""
