"""Requests, answers, limits and generations of servers."""
