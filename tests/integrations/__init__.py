"""Files that run inside other people's programs."""
