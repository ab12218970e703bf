"""Evidence sources: what holds for every kind, and what each does with what it meets."""
