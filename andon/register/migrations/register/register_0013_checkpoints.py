"""The log over all incidents, its checkpoints, and what is archived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0013"
down_revision = "register_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the five tables."""
    _log()
    _checkpoints()


def _log() -> None:
    op.create_table(
        "log_leaves",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.String(length=32)),
        sa.Column("chain", sa.String(length=16)),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_log_leaves")),
    )
    op.create_index(op.f("ix_log_leaves_incident"), "log_leaves", ["incident"])
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_log_nodes")),
    )
    op.create_table(
        "log_heads",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "chain", name=op.f("pk_log_heads")),
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("checked_at", Moment(), nullable=False),
        sa.Column("stamp", sa.LargeBinary()),
        sa.Column("stamped_at", Moment()),
        sa.Column("stamp_problem", sa.String(length=64)),
        sa.Column("witnessed", sa.Text()),
        sa.Column("witnessed_at", Moment()),
        sa.Column("witness_problem", sa.String(length=64)),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "archives",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("milestone", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "key", name=op.f("pk_archives")),
    )
