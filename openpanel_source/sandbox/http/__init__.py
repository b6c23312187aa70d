"""The server: connections, access, answers, and how it misbehaves when told to."""
