"""One module a command, of its name: its options, what it calls, what it prints."""
