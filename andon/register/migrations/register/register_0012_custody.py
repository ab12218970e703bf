"""Custody: what waits to be locked, keys of items, holds, erasures, and when each item is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0012"
down_revision = "register_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the six tables."""
    op.create_table(
        "access_unlocked",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("incident", "sequence", name=op.f("pk_access_unlocked")),
    )
    op.create_table(
        "item_keys",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("destroyed_at", Moment()),
        sa.PrimaryKeyConstraint("incident", "name", name=op.f("pk_item_keys")),
    )
    op.create_table(
        "kept_items",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=255), nullable=False),
        sa.Column("snapshot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("keyless_at", Moment()),
        sa.Column("deleted_at", Moment()),
        sa.PrimaryKeyConstraint("incident", "item", "snapshot", name=op.f("pk_kept_items")),
    )
    op.create_index("ix_kept_items_due", "kept_items", ["due"])
    _holds()
    _erasures()


def _holds() -> None:
    op.create_table(
        "custody_holds",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64)),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("settled_at", Moment()),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_custody_holds")),
    )
    op.create_table(
        "held_versions",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("incident", "key", "version", name=op.f("pk_held_versions")),
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_as", sa.String(length=32), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=64)),
        sa.Column("confirmed_as", sa.String(length=32)),
        sa.Column("confirmed_at", Moment()),
        sa.Column("destroyed", sa.Integer()),
        sa.Column("destroyed_at", Moment()),
        sa.Column("scrubbed_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_incident", "erasures", ["incident"])
