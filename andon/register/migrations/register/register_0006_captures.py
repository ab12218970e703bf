"""Which objects a capture was about to store, in case it is cut off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "register_0006"
down_revision = "register_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of captures."""
    op.create_table(
        "evidence_captures",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("snapshot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("incident", "snapshot", "key", name=op.f("pk_evidence_captures")),
    )
