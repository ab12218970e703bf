"""Hostile text through every field, into every view and export."""
