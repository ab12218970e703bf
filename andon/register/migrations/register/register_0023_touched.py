"""What was touched last, kept by triggers, so that open pages hear of a change whoever makes it."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "register_0023"
down_revision = "register_0022"
branch_labels = None
depends_on = None


TOUCH = (
    "INSERT INTO touched (subject, number, listed) VALUES ({subject}, 1, {listed}) "
    "ON CONFLICT (subject) DO UPDATE SET number = touched.number + 1, listed = touched.listed + {listed}; "
)


class Told(NamedTuple):
    """A table whose changes are told: of which subjects (SQL), whether lists show it, and of which rows."""

    table: str
    subjects: tuple[str, ...]
    listed: bool = False
    when: str = ""


OF_INCIDENT = ("NEW.incident",)
# Never one row for all: writers of different incidents would wait for each other, or lock each other out.
TOLD = (
    Told("incidents", OF_INCIDENT, listed=True),
    # Looking at evidence is an entry too, of the chain of access: to tell it would never end.
    Told("ledger_entries", OF_INCIDENT, when="NEW.chain = 'response'"),
    Told("alarms", OF_INCIDENT, listed=True),
    Told("deliveries", OF_INCIDENT),
    Told("manifests", OF_INCIDENT),
    Told("evaluations", OF_INCIDENT),
    Told("affected_batches", OF_INCIDENT),
    Told("changes", OF_INCIDENT, listed=True),
    Told("recurrences", OF_INCIDENT),
    Told("custody_holds", OF_INCIDENT),
    Told("erasures", OF_INCIDENT),
    Told("incident_codes", OF_INCIDENT),
    Told("review_words", OF_INCIDENT),
    Told("sender_words", OF_INCIDENT),
    Told("watch_looks", OF_INCIDENT),
    Told("links", ("NEW.origin", "NEW.target"), listed=True),
    Told("quality_issues", ("NEW.id",), listed=True),
    Told("lever_proofs", OF_INCIDENT, listed=True),
    Told("systems", ("NEW.id",), listed=True),
    Told("system_uses", ("NEW.system",), listed=True),
    Told("directory_versions", ("'directory'",), listed=True),
)


def upgrade() -> None:
    """Make the table and the triggers that fill it."""
    op.create_table(
        "touched",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_touched")),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for told in TOLD:
        for statement in _sqlite(told) if on_sqlite else _postgresql(told):
            op.execute(statement)


def _touches(told: Told) -> str:
    return "".join(TOUCH.format(subject=one, listed=int(told.listed)) for one in told.subjects)


def _sqlite(told: Told) -> list[str]:
    when = f"WHEN {told.when} " if told.when else ""
    return [
        f"CREATE TRIGGER touched_by_{told.table}_{verb.lower()} AFTER {verb} ON {told.table} "
        f"FOR EACH ROW {when}BEGIN {_touches(told)}END"
        for verb in ("INSERT", "UPDATE")
    ]


def _postgresql(told: Told) -> list[str]:
    name = f"touched_by_{told.table}"
    when = f"WHEN ({told.when}) " if told.when else ""
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {_touches(told)}RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE ON {told.table} "
        f"FOR EACH ROW {when}EXECUTE FUNCTION {name}()",
    ]
