"""What all access chains are looked through by, taken from the entries that are there."""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0025"
down_revision = "register_0024"
branch_labels = None
depends_on = None

AT_ONCE = 1000
ENTRIES = sa.table(
    "ledger_entries",
    sa.column("incident", sa.String),
    sa.column("chain", sa.String),
    sa.column("sequence", sa.Integer),
    sa.column("entry", sa.Text),
)


def upgrade() -> None:
    """Make the table and its indexes, and fill it."""
    table = op.create_table(
        "access_marks",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("incident", "sequence", name=op.f("pk_access_marks")),
    )
    op.create_index("ix_access_marks_at", "access_marks", ["at", "incident", "sequence"])
    op.create_index("ix_access_marks_actor_at", "access_marks", ["actor", "at"])
    op.create_index("ix_access_marks_kind_at", "access_marks", ["kind", "at"])
    connection = op.get_bind()
    wanted = sa.select(ENTRIES.c.incident, ENTRIES.c.sequence, ENTRIES.c.entry)
    found = connection.execute(wanted.where(ENTRIES.c.chain == "access")).all()
    for start in range(0, len(found), AT_ONCE):
        connection.execute(table.insert(), [_mark(*one) for one in found[start : start + AT_ONCE]])


def _mark(incident: str, sequence: int, text: str) -> dict[str, object]:
    entry = json.loads(text)
    at = datetime.fromisoformat(entry["at"])
    return {
        "incident": incident,
        "sequence": sequence,
        "at": at,
        "actor": entry["actor"],
        "kind": entry["kind"],
    }
