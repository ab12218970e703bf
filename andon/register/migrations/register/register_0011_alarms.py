"""Alarms about incidents' workflows, and the run of each that was seen last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0011"
down_revision = "register_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("cleared_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_incident_cleared_at", "alarms", ["incident", "cleared_at"])
    op.create_table(
        "incident_runs",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_incident_runs")),
    )
