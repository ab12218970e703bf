"""Andon: the stop cord for AI workflows in production."""
