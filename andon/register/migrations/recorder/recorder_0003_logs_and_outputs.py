"""Log records, and the outputs that spans name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "recorder_0003"
down_revision = "recorder_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "log_records",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.String(length=32)),
        sa.Column("span_id", sa.String(length=16)),
        sa.Column("service", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_records")),
    )
    op.create_index(op.f("ix_log_records_received_at"), "log_records", ["received_at"])
    op.create_index("ix_log_records_trace_id", "log_records", ["trace_id"])
    op.create_index("ix_log_records_service_at", "log_records", ["service", "at"])
    op.create_table(
        "outputs",
        sa.Column("output_id", sa.String(length=255), nullable=False),
        sa.Column("trace_id", sa.String(length=32), nullable=False),
        sa.Column("span_id", sa.String(length=16), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("output_id", "trace_id", name=op.f("pk_outputs")),
    )
    op.create_index(op.f("ix_outputs_received_at"), "outputs", ["received_at"])
