"""What is loaded is what the server holds, whatever happens."""
