"""What the directory is composed of, and who made each version of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "register_0004"
down_revision = "register_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of each version who made it and why; those made before came from the file."""
    for name, length in (("made_by", 64), ("about", 64), ("reason_id", 64), ("reason_digest", 64)):
        op.add_column("directory_versions", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column(
        "directory_versions", sa.Column("why", sa.String(length=32), nullable=False, server_default="file")
    )
    op.create_table(
        "directory_sources",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base", sa.String(length=64), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=True),
        sa.Column("overlay", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_sources")),
    )
