"""The last looks of watches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0019"
down_revision = "register_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "watch_looks",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("watch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("looks", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "watch", name=op.f("pk_watch_looks")),
    )
