"""Changes that incidents caused: what is open and overdue, and how each was settled.

While an incident is open its rows follow what its workflow shows; from the moment its follow-up begins they
follow that alone (`andon.register.follow_ups`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, and_, func, select, update

from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.incident import IncidentView
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug
from andon.register.change_tables import changes
from andon.register.engine import insert_if_absent, reading

LISTED_AT_MOST: Final = 500


class ChangeRow(Frozen):
    """One change, and where it stands."""

    incident: IncidentId
    system: Slug
    severity: Band
    exercise: bool
    change: Change
    followed: bool
    """Whether its incident is closed and its follow-up has begun."""
    settled_at: Instant | None = None
    settled_by: PersonId | None = None
    reason: Sha256Hex | None = None
    """Of a proof or a drop: the digest of the sealed words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes a list holds; None: any."""

    state: ChangeState | None = None
    overdue_at: datetime | None = None
    system: str | None = None
    owner: str | None = None
    kind: ChangeType | None = None
    incident: str | None = None
    exercises: bool = True

    def narrow(self, wanted: Select[Any]) -> Select[Any]:
        """Return a query of changes with only those that fit."""
        for column, value in (
            (changes.c.state, self.state),
            (changes.c.system, self.system),
            (changes.c.owner, self.owner),
            (changes.c.type, self.kind),
            (changes.c.incident, self.incident),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        if self.overdue_at is not None:
            wanted = wanted.where(changes.c.state == ChangeState.OPEN, changes.c.due < self.overdue_at)
        return wanted if self.exercises else wanted.where(changes.c.exercise.is_(False))


ANY: Final = Wanted()


class Sums(Frozen):
    """How many changes stand how, at one moment, exercises left out."""

    open: int
    overdue: int
    done: int
    dropped: int


class Changes:
    """One row a change, by incident and id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, wanted: Wanted = ANY, *, limit: int = LISTED_AT_MOST) -> list[ChangeRow]:
        """Return changes: open ones first, what is due first at the top."""
        query = wanted.narrow(select(changes)).order_by(
            (changes.c.state != ChangeState.OPEN), changes.c.due, changes.c.incident, changes.c.place
        )
        with reading(self._engine) as connection:
            return [change_row(row) for row in connection.execute(query.limit(limit))]

    def of(self, incident: str) -> list[ChangeRow]:
        """Return the changes of one incident in the order in which they were named."""
        query = select(changes).where(changes.c.incident == incident).order_by(changes.c.place)
        with reading(self._engine) as connection:
            return [change_row(row) for row in connection.execute(query)]

    def count(self, wanted: Wanted) -> int:
        """Count changes."""
        with reading(self._engine) as connection:
            return int(connection.execute(wanted.narrow(select(func.count(changes.c.id)))).scalar_one())

    def sums(self, at: datetime, *, system: str | None = None) -> Sums:
        """Count how changes stand, with what is overdue at a moment."""

        def count(state: ChangeState | None, overdue_at: datetime | None = None) -> int:
            return self.count(Wanted(state=state, overdue_at=overdue_at, system=system, exercises=False))

        return Sums(
            open=count(ChangeState.OPEN),
            overdue=count(None, at),
            done=count(ChangeState.DONE),
            dropped=count(ChangeState.DROPPED),
        )

    def settled(self, since: datetime, until: datetime, *, system: str | None = None) -> list[ChangeRow]:
        """Return changes proven or dropped from `since` on and before `until`, without exercises."""
        query = Wanted(system=system, exercises=False).narrow(select(changes))
        query = query.where(changes.c.settled_at >= since, changes.c.settled_at < until)
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(changes.c.settled_at, changes.c.incident))
            return [change_row(row) for row in found]


def mirror(connection: Connection, view: IncidentView) -> None:
    """Keep the changes that a view shows, in its transaction, until the follow-up has begun."""
    for place, change in enumerate(view.changes.values()):
        values = {
            "place": place,
            "system": view.system,
            "severity": view.severity,
            "exercise": view.exercise,
            "type": change.type,
            "owner": change.owner,
            "due": change.due,
            "state": change.state,
            "change": change.model_dump_json(),
            "settled_at": change.proven_at,
            "settled_by": change.proven_by,
            "reason": change.proof,
        }
        row = {"incident": view.incident, "id": change.id, "followed": False, **values}
        if not insert_if_absent(connection, changes, row, on=("incident", "id")):
            here = and_(changes.c.incident == view.incident, changes.c.id == change.id)
            connection.execute(update(changes).where(here, changes.c.followed.is_(False)).values(**values))


def change_row(row: Row[Any]) -> ChangeRow:
    """Return a row of the table as it is read."""
    return ChangeRow(
        incident=row.incident,
        system=row.system,
        severity=Band(row.severity),
        exercise=row.exercise,
        change=Change.model_validate_json(row.change),
        followed=row.followed,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        reason=row.reason,
    )
