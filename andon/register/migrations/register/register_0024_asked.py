"""Open questions by whom they are asked of, taken from the incidents that are open."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from andon.domain.asked import asked
from andon.domain.decision import DecisionRecord
from andon.register.asked import asked_row
from andon.register.tables import Moment

revision = "register_0024"
down_revision = "register_0023"
branch_labels = None
depends_on = None

INCIDENTS = sa.table(
    "incidents",
    sa.column("incident", sa.String),
    sa.column("closed_at", Moment),
    sa.column("view", sa.Text),
)


def upgrade() -> None:
    """Make the table, and an index for lists of what runs out first."""
    table = op.create_table(
        "asked_questions",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("deadline", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("barred", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "decision", name=op.f("pk_asked_questions")),
    )
    op.create_index("ix_asked_questions_deadline", "asked_questions", ["deadline"])
    op.create_index("ix_incidents_closed_at_opened_at", "incidents", ["closed_at", "opened_at"])
    opened = sa.select(INCIDENTS).where(INCIDENTS.c.closed_at.is_(None), INCIDENTS.c.view.is_not(None))
    for row in op.get_bind().execute(opened).all():
        for record in json.loads(row.view).get("decisions", []):
            one = asked(DecisionRecord.model_validate(record))
            if one is not None:
                op.bulk_insert(table, [asked_row(row.incident, one)])
