"""What a user does with a pipeline, by command or in Python."""
