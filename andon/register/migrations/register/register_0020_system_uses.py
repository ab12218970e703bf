"""What the ends of incidents decided about the use of AI systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0020"
down_revision = "register_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "system_uses",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("decided", sa.String(length=16), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_system_uses")),
    )
    op.create_index("ix_system_uses_system_since", "system_uses", ["system", "since"])
