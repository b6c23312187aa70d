"""The command as a user meets it: one sentence for each mistake, the right exit code."""
