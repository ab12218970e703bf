"""Affected records: sealed batches, each naming the one before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0014"
down_revision = "register_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "affected_batches",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("text_id", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "digest", name=op.f("pk_affected_batches")),
    )
    op.create_index("ix_affected_batches_text_id", "affected_batches", ["text_id"])
