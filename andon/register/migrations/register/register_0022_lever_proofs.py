"""When each lever was last proven, taken from the incidents there are; an index of incidents by AI system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0022"
down_revision = "register_0021"
branch_labels = None
depends_on = None

INCIDENTS = sa.table(
    "incidents",
    sa.column("incident", sa.String),
    sa.column("exercise", sa.Boolean),
    sa.column("view", sa.Text),
)


def upgrade() -> None:
    """Make the table and the index, and keep the newest proof of each lever."""
    proofs = op.create_table(
        "lever_proofs",
        sa.Column("lever", sa.String(length=255), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("adapter", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("proven_at", Moment(), nullable=False),
        sa.Column("via", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("lever", "exercise", name=op.f("pk_lever_proofs")),
    )
    op.create_index(
        "ix_incidents_system_opened_at",
        "incidents",
        ["system", "exercise", "opened_at", "closed_at", "incident"],
    )
    newest: dict[tuple[str, bool], dict[str, Any]] = {}
    for row in _proven():
        key = (row["lever"], row["exercise"])
        if key not in newest or newest[key]["proven_at"] < row["proven_at"]:
            newest[key] = row
    if newest:
        op.bulk_insert(proofs, list(newest.values()))


def _proven() -> Iterator[dict[str, Any]]:
    shown = sa.select(INCIDENTS).where(INCIDENTS.c.view.is_not(None))
    for incident, exercise, view in op.get_bind().execute(shown):
        for record in json.loads(view).get("orders", []):
            proof, lever = record.get("proof"), record["order"]["lever"]
            if proof and proof["held"]:
                yield {
                    "lever": lever["id"],
                    "exercise": exercise,
                    "adapter": lever["adapter"],
                    "order_id": record["order"]["id"],
                    "incident": incident,
                    "proven_at": datetime.fromisoformat(proof["at"]),
                    "via": proof["via"],
                }
