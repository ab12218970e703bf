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
    "INSERT INTO touched (subject, number) "
    "VALUES ({subject}, (SELECT COALESCE(MAX(number), 0) + 1 FROM touched)) "
    "ON CONFLICT (subject) DO UPDATE SET number = excluded.number; "
)


class Told(NamedTuple):
    """A table whose changes are told: of which subjects (columns, and `*` for lists), and of which rows."""

    table: str
    subjects: tuple[str, ...]
    when: str = ""


TOLD = (
    Told("incidents", ("incident", "*")),
    # Looking at evidence is an entry too, of the chain of access: to tell it would never end.
    Told("ledger_entries", ("incident",), "NEW.chain = 'response'"),
    Told("alarms", ("incident", "*")),
    Told("deliveries", ("incident",)),
    Told("manifests", ("incident",)),
    Told("evaluations", ("incident",)),
    Told("affected_batches", ("incident",)),
    Told("changes", ("incident", "*")),
    Told("recurrences", ("incident",)),
    Told("custody_holds", ("incident",)),
    Told("erasures", ("incident",)),
    Told("incident_codes", ("incident",)),
    Told("review_words", ("incident",)),
    Told("sender_words", ("incident",)),
    Told("watch_looks", ("incident",)),
    Told("links", ("origin", "target", "*")),
    Told("quality_issues", ("id", "*")),
    Told("lever_proofs", ("*",)),
    Told("systems", ("*",)),
    Told("system_uses", ("*",)),
    Told("directory_versions", ("*",)),
)


def upgrade() -> None:
    """Make the table and the triggers that fill it."""
    op.create_table(
        "touched",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_touched")),
    )
    op.create_index(op.f("ix_touched_number"), "touched", ["number"])
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for told in TOLD:
        for statement in _sqlite(told) if on_sqlite else _postgresql(told):
            op.execute(statement)


def _touches(told: Told) -> str:
    named = ("'*'" if one == "*" else f"NEW.{one}" for one in told.subjects)
    return "".join(TOUCH.format(subject=one) for one in named)


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
