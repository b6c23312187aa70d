"""How far a sync is: said in a line, shown where it runs, told to whoever asks."""

PROGRESS = "openpanel_source.progress"
"""The logger of it; the command has it heard without ``--verbose`` as well."""
