"""Versions of the register database."""
