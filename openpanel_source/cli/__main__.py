"""Run the command as ``python -m openpanel_source.cli``."""

from openpanel_source.cli.main import run

run()
