"""Where people look and decide: an API, and pages rendered on the server."""
