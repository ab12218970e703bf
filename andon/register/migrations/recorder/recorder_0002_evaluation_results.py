"""Evaluation results that were found in traces and are to be told to the door."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "recorder_0002"
down_revision = "recorder_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of results."""
    op.create_table(
        "evaluation_results",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("settled_at", Moment()),
        sa.Column("outcome", sa.String(length=32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_results")),
    )
    op.create_index("ix_evaluation_results_settled_at_at", "evaluation_results", ["settled_at", "at"])
