"""The wrapped keys: one of each incident, and under it one of each item and text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select, update

from andon.register.custody_tables import item_keys
from andon.register.engine import insert_all_absent, insert_if_absent, reading, writing
from andon.register.tables import incident_keys

T = TypeVar("T")

NAMES_AT_A_TIME: Final = 500
"""SQLite bounds the variables of a statement."""
NONE_SPARED: Final[Mapping[str, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The wrapped keys that open one item."""

    incident: bytes | None
    item: bytes | None
    has_own: bool
    """With a key of its own, which was destroyed if `item` is None; else the incident's opens it."""


class WrappedKeys:
    """Keys as they are kept; whoever comes first sets one, and one that was destroyed never comes back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, incident: str) -> bytes | None:
        """Return an incident's key, wrapped by the master key."""
        with reading(self._engine) as connection:
            return _of_incident(connection, incident)

    def put_if_absent(self, incident: str, wrapped: bytes) -> bytes:
        """Keep an incident's wrapped key unless there is one; return the one that is in force."""
        with writing(self._engine) as connection:
            insert_if_absent(
                connection, incident_keys, {"incident": incident, "wrapped": wrapped}, on=("incident",)
            )
            standing = _of_incident(connection, incident)
            assert standing is not None  # noqa: S101 - it was put there just now
            return standing

    def of_items(self, incident: str, names: Sequence[str]) -> dict[str, bytes | None]:
        """Return the keys of items, wrapped by the incident's key; None: it was destroyed."""
        with reading(self._engine) as connection:
            return _of_items(connection, incident, names)

    def of_each(self, items: Collection[tuple[str, str]]) -> dict[tuple[str, str], Wrapped]:
        """Return the keys that items of many incidents need, by incident and name, at one go."""
        incidents = sorted({one for one, _ in items})
        whole: dict[str, bytes] = {}
        own: dict[tuple[str, str], bytes | None] = {}
        with reading(self._engine) as connection:
            for some in _parts(incidents):
                wanted = select(incident_keys).where(incident_keys.c.incident.in_(some))
                whole |= {row.incident: row.wrapped for row in connection.execute(wanted)}
                theirs = {name for incident, name in items if incident in some}
                each = select(item_keys).where(item_keys.c.incident.in_(some), item_keys.c.name.in_(theirs))
                own |= {(row.incident, row.name): row.wrapped for row in connection.execute(each)}
        return {one: Wrapped(whole.get(one[0]), own.get(one), has_own=one in own) for one in items}

    def put_items_if_absent(
        self, incident: str, under: bytes, wrapped: Mapping[str, bytes]
    ) -> dict[str, bytes | None]:
        """Keep items' keys where there is none, and return those in force.

        Args:
            incident: whose items.
            under: the incident's wrapped key under which they are; if another is in force by now,
                nothing is kept.
            wrapped: by name.

        Returns:
            Each key by its name, None where it was destroyed; nothing if `under` is in force no longer.
        """
        rows = [{"incident": incident, "name": name, "wrapped": key} for name, key in wrapped.items()]
        with writing(self._engine) as connection:
            if _of_incident(connection, incident) != under:
                return {}
            for some in _parts(rows):
                insert_all_absent(connection, item_keys, some, on=("incident", "name"))
            return _of_items(connection, incident, tuple(wrapped))

    def destroy(self, incident: str, names: Sequence[str], at: datetime) -> int:
        """Destroy the keys of items, made or yet to be made, and return how many that were not yet."""
        with writing(self._engine) as connection:
            standing = _of_items(connection, incident, names)
            gone = [name for name in names if name not in standing]
            for some in _parts(gone):
                rows = [{"incident": incident, "name": name, "destroyed_at": at} for name in some]
                connection.execute(insert(item_keys), rows)
            wanted = [name for name, wrapped in standing.items() if wrapped is not None]
            for some in _parts(wanted):
                connection.execute(
                    update(item_keys)
                    .where(item_keys.c.incident == incident, item_keys.c.name.in_(some))
                    .values(wrapped=None, destroyed_at=at)
                )
            return len(gone) + len(wanted)

    def destroy_all(
        self, incident: str, at: datetime, *, spared: Mapping[str, bytes] = NONE_SPARED, under: bytes = b""
    ) -> int:
        """Destroy every key of an incident, its own included, and return how many items lost theirs.

        Args:
            incident: whose keys.
            at: when.
            spared: keys of items that stay, by name, wrapped anew.
            under: the incident's new wrapped key, under which those are.
        """
        with writing(self._engine) as connection:
            done = connection.execute(
                update(item_keys)
                .where(item_keys.c.incident == incident, item_keys.c.wrapped.is_not(None))
                .values(wrapped=None, destroyed_at=at)
            )
            connection.execute(delete(incident_keys).where(incident_keys.c.incident == incident))
            for name, wrapped in spared.items():
                connection.execute(
                    update(item_keys)
                    .where(item_keys.c.incident == incident, item_keys.c.name == name)
                    .values(wrapped=wrapped, destroyed_at=None)
                )
            if spared:
                connection.execute(insert(incident_keys).values(incident=incident, wrapped=under))
            return done.rowcount - len(spared)


def _of_incident(connection: Connection, incident: str) -> bytes | None:
    wanted = select(incident_keys.c.wrapped).where(incident_keys.c.incident == incident)
    return connection.execute(wanted).scalar()


def _of_items(connection: Connection, incident: str, names: Sequence[str]) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for some in _parts(names):
        wanted = select(item_keys.c.name, item_keys.c.wrapped).where(
            item_keys.c.incident == incident, item_keys.c.name.in_(some)
        )
        found.update((row.name, row.wrapped) for row in connection.execute(wanted))
    return found


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(rows), NAMES_AT_A_TIME):
        yield rows[first : first + NAMES_AT_A_TIME]
