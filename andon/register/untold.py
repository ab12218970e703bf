"""What a door still owes a workflow: detections that joined and say more than that it happened again.

Written down with the detection, so that another door, or the same one after it was killed, tells of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, select, update

from andon.register.engine import insert_if_absent, reading, writing
from andon.register.untold_tables import untold

AT_A_TIME: Final = 1_000


@dataclass(frozen=True, slots=True)
class Owed:
    """One detection that joined, and why its incident's workflow must hear of it."""

    receipt: str
    incident: str
    received_at: datetime
    graver: bool
    """Together with it the incident is to be weighed anew."""
    brought: bool
    """It brought evidence."""
    sessions: tuple[str, ...]
    """Sessions it names, by their digests."""


class Untold:
    """One row for each; a door holds those that it is about to tell of, and says so again and again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, owed: Owed, at: datetime) -> None:
        """Write it down, held from now on by the door that calls."""
        row = {
            "receipt": owed.receipt,
            "incident": owed.incident,
            "received_at": owed.received_at,
            "graver": owed.graver,
            "brought": owed.brought,
            "sessions": json.dumps(owed.sessions),
            "held_at": at,
        }
        with writing(self._engine) as connection:
            insert_if_absent(connection, untold, row, on=("receipt",))

    def hold(self, receipts: Collection[str], at: datetime) -> None:
        """Say that these are still about to be told."""
        with writing(self._engine) as connection:
            for some in _some_at_a_time(receipts):
                connection.execute(update(untold).where(untold.c.receipt.in_(some)).values(held_at=at))

    def told(self, receipts: Collection[str]) -> None:
        """Strike them out."""
        with writing(self._engine) as connection:
            for some in _some_at_a_time(receipts):
                connection.execute(delete(untold).where(untold.c.receipt.in_(some)))

    def left_behind(self, since: datetime, at: datetime) -> list[Owed]:
        """Take over what no door has held since a moment, oldest first; of two that ask, one gets each."""
        wanted = select(untold).where(untold.c.held_at < since).order_by(untold.c.held_at).limit(AT_A_TIME)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).all()
        if not found:
            return []
        with writing(self._engine) as connection:
            return [_owed(row) for row in found if _taken(connection, row, at)]


def _some_at_a_time(receipts: Collection[str]) -> Iterator[list[str]]:
    """An outage can leave more of them than a statement takes parameters."""
    ordered = sorted(receipts)
    for begin in range(0, len(ordered), AT_A_TIME):
        yield ordered[begin : begin + AT_A_TIME]


def _taken(connection: Connection, row: Row[Any], at: datetime) -> bool:
    still = (untold.c.receipt == row.receipt) & (untold.c.held_at == row.held_at)
    return connection.execute(update(untold).where(still).values(held_at=at)).rowcount == 1


def _owed(row: Row[Any]) -> Owed:
    return Owed(
        receipt=row.receipt,
        incident=row.incident,
        received_at=row.received_at,
        graver=row.graver,
        brought=row.brought,
        sessions=tuple(json.loads(row.sessions)),
    )
