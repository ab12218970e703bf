"""Recognising personal data and secrets, and what may be seen of them."""
