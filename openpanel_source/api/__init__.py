"""The Export API: requests built, sent, refused or answered, and what the server can do."""
