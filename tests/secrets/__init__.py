"""What must be in no file, log, error or terminal."""
