"""Redacted views of evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0015"
down_revision = "register_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "evidence_views",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "name", "engine", name=op.f("pk_evidence_views")),
    )
