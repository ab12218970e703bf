"""Why a message did not arrive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "register_0002"
down_revision = "register_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the code of each attempt; those made before have none."""
    op.add_column("deliveries", sa.Column("code", sa.String(length=32), nullable=False, server_default=""))
