"""Run the command as ``python -m openpanel_source.cli``."""

from openpanel_source.cli import run

run()
