"""The cause of each incident as a column, so that incidents are found by the class of their failure."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "register_0021"
down_revision = "register_0020"
branch_labels = None
depends_on = None

INCIDENTS = sa.table(
    "incidents",
    sa.column("incident", sa.String),
    sa.column("view", sa.Text),
    sa.column("root_cause", sa.String),
)


def upgrade() -> None:
    """Add the columns, and take the causes from what is shown of the incidents there are."""
    op.add_column("incidents", sa.Column("root_cause", sa.String(length=64)))
    op.add_column("incidents", sa.Column("also_class", sa.String(length=128)))
    connection = op.get_bind()
    shown = sa.select(INCIDENTS.c.incident, INCIDENTS.c.view).where(INCIDENTS.c.view.is_not(None))
    for incident, view in connection.execute(shown).all():
        cause = json.loads(view).get("findings", {}).get("root_cause")
        if cause is not None:
            here = INCIDENTS.c.incident == incident
            connection.execute(sa.update(INCIDENTS).where(here).values(root_cause=cause))
