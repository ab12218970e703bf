"""Alembic environment and versions of the three databases."""
