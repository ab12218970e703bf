"""What the HTTP servers share: problems, authentication, bounded bodies, headers, logs."""
