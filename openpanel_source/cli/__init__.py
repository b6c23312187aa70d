"""The command ``openpanel-source``: options in, exit codes and text out; the work is elsewhere."""
