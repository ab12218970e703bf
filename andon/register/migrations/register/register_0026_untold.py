"""Detections that joined an incident and whose workflow is still to be told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0026"
down_revision = "register_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "untold",
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("graver", sa.Boolean(), nullable=False),
        sa.Column("brought", sa.Boolean(), nullable=False),
        sa.Column("sessions", sa.Text(), nullable=False),
        sa.Column("held_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_untold")),
    )
    op.create_index("ix_untold_held_at", "untold", ["held_at"])
