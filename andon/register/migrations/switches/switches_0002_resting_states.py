"""The state each lever outside Andon was in before anything held it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "switches_0002"
down_revision = "switches_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "resting_states",
        sa.Column("lever", sa.String(length=255), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("captured_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("lever", name=op.f("pk_resting_states")),
    )
