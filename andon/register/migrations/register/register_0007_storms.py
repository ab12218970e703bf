"""Storms and the incidents in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0007"
down_revision = "register_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "storms",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_storms")),
    )
    op.create_index("ix_storms_last_at", "storms", ["last_at"])
    op.create_table(
        "storm_members",
        sa.Column("storm", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("storm", "system", name=op.f("pk_storm_members")),
    )
    op.create_index("ix_storm_members_incident", "storm_members", ["incident"])
