"""Changes that incidents caused, follow-ups after the close, and whether it happened again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0017"
down_revision = "register_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _changes()
    op.create_table(
        "follow_ups",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("looked_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_follow_ups")),
    )
    op.create_table(
        "follow_up_steps",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "key", name=op.f("pk_follow_up_steps")),
    )
    op.create_table(
        "recurrences",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measured_at", Moment(), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "days", name=op.f("pk_recurrences")),
    )
    op.create_index(op.f("ix_recurrences_measured_at"), "recurrences", ["measured_at"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_state_due", "changes", ["state", "due"])
    op.create_index("ix_changes_system_type", "changes", ["system", "type"])
