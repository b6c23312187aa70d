"""The documentation as a site; in an environment of its own: ``make site``."""
