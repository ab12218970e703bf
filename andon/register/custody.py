"""Holds and erasures as people asked for them, and how far the custodian has come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, or_, select, update

from andon.domain.directory import Role
from andon.domain.errors import NotFoundError
from andon.register.custody_tables import custody_holds, erasures, held_versions
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incidents


class Cause(StrEnum):
    """Who wanted a hold, or wanted it lifted."""

    LEGAL = "legal"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class HoldRow:
    """The newest word on one incident's hold, and what the store last said of it."""

    incident: str
    wanted: bool
    cause: Cause
    person: str
    reason: str | None
    since: datetime
    in_force: bool = False
    versions: int = 0
    settled_at: datetime | None = None


class ErasureState(StrEnum):
    """How far an erasure has come."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    DONE = "done"
    """The keys are destroyed, and the files they were in are overwritten."""


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure; no items: the whole incident."""

    id: str
    incident: str
    items: tuple[str, ...]
    reason: str
    state: ErasureState
    asked_by: str
    asked_as: Role
    asked_at: datetime
    confirmed_by: str | None = None
    confirmed_as: Role | None = None
    confirmed_at: datetime | None = None
    destroyed: int | None = None
    destroyed_at: datetime | None = None
    scrubbed_at: datetime | None = None


class Holds:
    """One row an incident that was ever held."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, incident: str) -> HoldRow | None:
        """Return what is wanted of an incident's hold; None: nobody has said anything yet."""
        wanted = select(custody_holds).where(custody_holds.c.incident == incident)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        return _hold(row) if row else None

    def want(self, word: HoldRow) -> None:
        """Keep a new word; what the store said before stands until the custodian has asked it."""
        fields = {
            "wanted": word.wanted,
            "cause": word.cause,
            "person": word.person,
            "reason": word.reason,
            "since": word.since,
            "settled_at": None,
        }
        with writing(self._engine) as connection:
            row = {"incident": word.incident, "in_force": False, "versions": 0, **fields}
            if not insert_if_absent(connection, custody_holds, row, on=("incident",)):
                connection.execute(
                    update(custody_holds).where(custody_holds.c.incident == word.incident).values(**fields)
                )

    def settle(self, incident: str, *, in_force: bool, versions: int, at: datetime) -> None:
        """Keep what the store said after it was asked."""
        with writing(self._engine) as connection:
            connection.execute(
                update(custody_holds)
                .where(custody_holds.c.incident == incident)
                .values(in_force=in_force, versions=versions, settled_at=at)
            )

    def to_look_at(self) -> list[HoldRow]:
        """Return the holds in force or wanted, and those that are to be lifted still."""
        wanted = (
            select(custody_holds)
            .where(or_(custody_holds.c.wanted, custody_holds.c.in_force))
            .order_by(custody_holds.c.incident)
        )
        with reading(self._engine) as connection:
            return [_hold(row) for row in connection.execute(wanted)]

    def unsettled(self) -> bool:
        """Whether there is a word that the store has not been asked about yet."""
        wanted = select(custody_holds.c.incident).where(custody_holds.c.settled_at.is_(None)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(wanted).first() is not None

    def spoken_of(self, bands: Sequence[str]) -> list[str]:
        """Return incidents that are so severe and nobody has said anything of, or whose view holds a hold."""
        unheard = incidents.c.severity.in_(bands) & custody_holds.c.incident.is_(None)
        declared = incidents.c.view.contains('"evidence_hold":{')
        lifted = custody_holds.c.wanted & incidents.c.closed_at.is_(None)
        wanted = (
            select(incidents.c.incident)
            .join(custody_holds, custody_holds.c.incident == incidents.c.incident, isouter=True)
            .where(or_(unheard, declared, lifted))
            .order_by(incidents.c.incident)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(wanted).scalars())

    def held(self, incident: str) -> set[tuple[str, str]]:
        """Return the keys and versions whose hold was read back."""
        wanted = select(held_versions.c.key, held_versions.c.version).where(
            held_versions.c.incident == incident
        )
        with reading(self._engine) as connection:
            return {(row.key, row.version) for row in connection.execute(wanted)}

    def note_held(self, incident: str, versions: Sequence[tuple[str, str]]) -> None:
        """Keep that the store holds these versions; a repeat changes nothing."""
        with writing(self._engine) as connection:
            for key, version in versions:
                row = {"incident": incident, "key": key, "version": version}
                insert_if_absent(connection, held_versions, row, on=("incident", "key", "version"))

    def note_freed(self, incident: str) -> None:
        """Keep that the store holds no version of an incident."""
        with writing(self._engine) as connection:
            connection.execute(delete(held_versions).where(held_versions.c.incident == incident))


class Erasures:
    """Erasures by id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, row: ErasureRow) -> None:
        """Keep an erasure that somebody asks for."""
        fields = {
            "id": row.id,
            "incident": row.incident,
            "items": json.dumps(row.items),
            "reason": row.reason,
            "state": row.state,
            "asked_by": row.asked_by,
            "asked_as": row.asked_as,
            "asked_at": row.asked_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(erasures).values(**fields))

    def get(self, incident: str, erasure: str) -> ErasureRow:
        """Return one.

        Raises:
            NotFoundError: this incident has none with this id.
        """
        wanted = select(erasures).where(erasures.c.id == erasure, erasures.c.incident == incident)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        if row is None:
            raise NotFoundError("erasure", erasure)
        return _erasure(row)

    def of(self, incident: str) -> list[ErasureRow]:
        """Return an incident's erasures, oldest first."""
        wanted = select(erasures).where(erasures.c.incident == incident).order_by(erasures.c.asked_at)
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(wanted)]

    def confirm(self, erasure: str, person: str, role: Role, at: datetime) -> bool:
        """Keep that a second person agrees; return whether it was still asked for."""
        with writing(self._engine) as connection:
            done = connection.execute(
                update(erasures)
                .where(erasures.c.id == erasure, erasures.c.state == ErasureState.ASKED)
                .values(state=ErasureState.CONFIRMED, confirmed_by=person, confirmed_as=role, confirmed_at=at)
            )
            return done.rowcount == 1

    def unfinished(self) -> list[ErasureRow]:
        """Return those that two people agreed on and that are not carried out to the end."""
        wanted = (
            select(erasures).where(erasures.c.state == ErasureState.CONFIRMED).order_by(erasures.c.asked_at)
        )
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(wanted)]

    def refuse(self, erasure: str) -> None:
        """Keep that it is not carried out."""
        self._set(erasure, state=ErasureState.REFUSED)

    def note_destroyed(self, erasure: str, keys: int, at: datetime) -> None:
        """Keep how many keys were destroyed; within the transaction that destroys them."""
        self._set(erasure, destroyed=keys, destroyed_at=at)

    def note_scrubbed(self, erasure: str, at: datetime) -> None:
        """Keep that nothing of the keys is left in the register's files."""
        self._set(erasure, state=ErasureState.DONE, scrubbed_at=at)

    def _set(self, erasure: str, **fields: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(erasures).where(erasures.c.id == erasure).values(**fields))


def _hold(row: Row[Any]) -> HoldRow:
    return HoldRow(**{**row._asdict(), "cause": Cause(row.cause)})


def _erasure(row: Row[Any]) -> ErasureRow:
    return ErasureRow(
        **{
            **row._asdict(),
            "items": tuple(json.loads(row.items)),
            "state": ErasureState(row.state),
            "asked_as": Role(row.asked_as),
            "confirmed_as": Role(row.confirmed_as) if row.confirmed_as else None,
        }
    )
