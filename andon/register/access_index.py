"""Looking through the access chains of all incidents: who, what, when, and of which incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from andon.domain.ledger import Chain, Entry
from andon.register.custody_tables import access_marks
from andon.register.engine import insert_all_absent, reading
from andon.register.tables import ledger_entries


@dataclass(frozen=True, slots=True)
class AccessSought:
    """What is looked for; what is left empty may be anything."""

    incident: str = ""
    actor: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


@dataclass(frozen=True, slots=True)
class AccessPlace:
    """Where a page ends: its last entry. What follows is older."""

    at: datetime
    incident: str
    sequence: int


class AccessIndex:
    """Finds entries of access chains, newest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(
        self, sought: AccessSought, *, after: AccessPlace | None = None, limit: int = 100
    ) -> list[Entry]:
        """Return entries, newest first, from the one after a place on."""
        marks = access_marks.c
        wanted = (
            select(ledger_entries.c.entry)
            .join(
                access_marks,
                and_(
                    marks.incident == ledger_entries.c.incident,
                    marks.sequence == ledger_entries.c.sequence,
                ),
            )
            .where(ledger_entries.c.chain == Chain.ACCESS, *_conditions(sought))
            .order_by(marks.at.desc(), marks.incident.desc(), marks.sequence.desc())
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(_beyond(after))
        with reading(self._engine) as connection:
            return [Entry.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def count(self, sought: AccessSought) -> int:
        """Count the entries that fit."""
        wanted = select(func.count()).select_from(access_marks).where(*_conditions(sought))
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()


def mark_accesses(connection: Connection, entries: Sequence[Entry]) -> None:
    """Note by what entries are looked up, in the transaction that writes them; other chains are left out."""
    rows: list[dict[str, Any]] = [
        {
            "incident": one.incident,
            "sequence": one.sequence,
            "at": one.at,
            "actor": one.actor,
            "kind": one.kind,
        }
        for one in entries
        if one.chain is Chain.ACCESS
    ]
    if rows:
        insert_all_absent(connection, access_marks, rows, on=("incident", "sequence"))


def _conditions(sought: AccessSought) -> list[ColumnElement[bool]]:
    marks = access_marks.c
    found: list[ColumnElement[bool]] = []
    if sought.incident:
        found.append(marks.incident == sought.incident)
    if sought.actor:
        found.append(marks.actor == sought.actor)
    if sought.kind:
        found.append(marks.kind == sought.kind)
    if sought.since is not None:
        found.append(marks.at >= sought.since)
    if sought.until is not None:
        found.append(marks.at < sought.until)
    return found


def _beyond(place: AccessPlace) -> ColumnElement[bool]:
    marks = access_marks.c
    same = marks.at == place.at
    return or_(
        marks.at < place.at,
        and_(same, marks.incident < place.incident),
        and_(same, marks.incident == place.incident, marks.sequence < place.sequence),
    )
