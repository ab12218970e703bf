"""What an auditor runs: timeline, verifier and replay of an incident, with no trust in the server."""
