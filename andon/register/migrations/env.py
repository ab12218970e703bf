"""Alembic environment: runs on the connection it is given, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    # One version table a database, so that the three may share one PostgreSQL database.
    version_table=f"alembic_version_{attributes['versions']}",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
