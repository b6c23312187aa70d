"""The command ``openpanel-source``: options in, exit codes and text out; the work is elsewhere."""

from openpanel_source.cli.commands import main

__all__ = ["main"]
