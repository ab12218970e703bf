"""Single files that run inside other people's programs: each is copied there and imports nothing of Andon."""
