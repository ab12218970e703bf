"""Access tokens, sessions, and slips that may be used once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0003"
down_revision = "register_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables for signing in."""
    _access_tokens()
    _sessions()
    _slips()


def _access_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=128), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_access_tokens_id")),
    )
    op.create_index(op.f("ix_access_tokens_person"), "access_tokens", ["person"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("proven_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_person"), "sessions", ["person"], unique=False)
    op.create_index(op.f("ix_sessions_ends_at"), "sessions", ["ends_at"], unique=False)


def _slips() -> None:
    op.create_table(
        "slips",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_slips")),
    )
    op.create_index("ix_slips_expires_at", "slips", ["expires_at"], unique=False)
