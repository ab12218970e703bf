"""Versions of the recorder database."""
