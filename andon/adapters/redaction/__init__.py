"""Recognising personal data and secrets, masking them, and making redacted views."""
