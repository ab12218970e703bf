"""When the content of each item is due to go, and what has gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from andon.domain.evidence import EvidenceItem
from andon.register.custody_tables import kept_items
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incidents

TEXTS = "texts"
"""Stands for all that people wrote of an incident."""


@dataclass(frozen=True, slots=True)
class DueItem:
    """One item of one snapshot, and what is left of it."""

    incident: str
    item: str
    snapshot: int
    due: datetime
    keyless_at: datetime | None
    deleted_at: datetime | None


class KeptItems:
    """One row an item of a snapshot; it outlives the content."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, before: datetime, limit: int) -> list[DueItem]:
        """Return what is due before a moment and is not all gone, what is due first at the top."""
        wanted = (
            select(kept_items)
            .where(kept_items.c.due < before, kept_items.c.deleted_at.is_(None))
            .order_by(kept_items.c.due, kept_items.c.incident, kept_items.c.item)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [DueItem(**row._asdict()) for row in connection.execute(wanted)]

    def put_off(self, one: DueItem, due: datetime) -> None:
        """Keep that something is due later."""
        self._set(one, due=due)

    def note_keyless(self, one: DueItem, at: datetime) -> None:
        """Keep that nobody can open it any more; within the transaction that destroys its key."""
        self._set(one, keyless_at=at)

    def note_deleted(self, one: DueItem, at: datetime) -> None:
        """Keep that its stored bytes are gone."""
        self._set(one, deleted_at=at)

    def keyless(self, incident: str) -> set[str]:
        """Return the items of an incident that nobody can open any more."""
        wanted = select(kept_items.c.item).where(
            kept_items.c.incident == incident, kept_items.c.keyless_at.is_not(None)
        )
        with reading(self._engine) as connection:
            return set(connection.execute(wanted).scalars())

    def keep_texts(self, limit: int) -> list[tuple[str, datetime]]:
        """Return closed incidents, and when they were closed, of whose texts nothing is said yet."""
        said = select(kept_items.c.incident).where(kept_items.c.item == TEXTS)
        wanted = (
            select(incidents.c.incident, incidents.c.closed_at)
            .where(incidents.c.closed_at.is_not(None), incidents.c.incident.not_in(said))
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [(row.incident, row.closed_at) for row in connection.execute(wanted)]

    def keep_texts_until(self, incident: str, due: datetime) -> None:
        """Keep when what people wrote of an incident is due."""
        with writing(self._engine) as connection:
            _insert(connection, incident, TEXTS, 0, due)

    def _set(self, one: DueItem, **fields: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(kept_items)
                .where(
                    kept_items.c.incident == one.incident,
                    kept_items.c.item == one.item,
                    kept_items.c.snapshot == one.snapshot,
                )
                .values(**fields)
            )


def keep_until_unlocked(
    connection: Connection, incident: str, snapshot: int, items: Sequence[EvidenceItem]
) -> None:
    """Keep when items are due: when their lock runs out."""
    for item in items:
        if item.locked_until is not None:
            _insert(connection, incident, item.id, snapshot, item.locked_until)


def _insert(connection: Connection, incident: str, item: str, snapshot: int, due: datetime) -> None:
    row = {"incident": incident, "item": item, "snapshot": snapshot, "due": due}
    insert_if_absent(connection, kept_items, row, on=("incident", "item", "snapshot"))
