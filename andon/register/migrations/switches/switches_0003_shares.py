"""The requests a hold lets through while it is let go in steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "switches_0003"
down_revision = "switches_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a hold without it stands for everybody."""
    op.add_column("holds", sa.Column("share", sa.String(length=255), nullable=True))
