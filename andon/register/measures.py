"""What each incident of a period adds to metrics and figures, read again only where something changed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from andon.domain.added import Added, added_by
from andon.domain.glimpse import OpeningGlimpse, ViewGlimpse
from andon.domain.ledger import Chain, Entry, Kind
from andon.domain.severity import Classification
from andon.register.engine import reading
from andon.register.quality_tables import quality_issues
from andon.register.tables import incidents, ledger_entries

REMEMBERED: Final = 20_000
"""Incidents that are kept in memory; of more, those last asked for."""
AT_A_TIME: Final = 20
"""Incidents that are read in some milliseconds; then other threads have their turn."""
GIVES_WAY_SECONDS: Final = 0.002
_GATE: Final = {Kind.GATE_OPENED.value: True, Kind.GATE_SHUT.value: False}
_ENTRIES: Final = (
    select(func.max(ledger_entries.c.sequence))
    .where(ledger_entries.c.incident == incidents.c.incident, ledger_entries.c.chain == Chain.RESPONSE.value)
    .correlate(incidents)
    .scalar_subquery()
)


class Stand(NamedTuple):
    """How far an incident has come: what it adds is the same as long as this is.

    Its view has a new version with each change. The ledger, which holds how the gate stood, is written before
    the view, in a transaction of its own.
    """

    view: int | None
    entries: int | None


class Measures:
    """Reads what incidents add to figures, reviews and metrics, and remembers it; safe in several threads.

    Each request asks the register how far every incident of its period has come, so nothing is ever told that
    has changed since.
    """

    def __init__(self, engine: Engine, most: int = REMEMBERED) -> None:
        self._engine = engine
        self._most = most
        self._known: OrderedDict[str, tuple[Stand, Added]] = OrderedDict()
        self._turn = Lock()

    def opened(self, since: datetime, until: datetime, **only: str | None) -> list[Added]:
        """Return what the incidents of a period add, oldest first, without exercises.

        Who asks while another is read for waits, and finds most of it read.

        Args:
            since: its beginning.
            until: its end, which is not part of it.
            only: what a column must hold, such as `system`, `severity` or `type`; None: anything.
        """
        with self._turn, reading(self._engine) as connection:
            standing = _standing(connection, since, until, only)
            found = {
                name: known[1]
                for name, stand in standing.items()
                if (known := self._known.get(name)) is not None and known[0] == stand
            }
            for name, added in _read(connection, [one for one in standing if one not in found]):
                found[name] = added
                self._known[name] = standing[name], added
            self._forget(standing)
            return [found[name] for name in standing]

    def _forget(self, asked: Iterable[str]) -> None:
        for name in asked:
            self._known.move_to_end(name)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def near_misses_logged(self, since: datetime, until: datetime, system: str | None = None) -> int:
        """Count near misses first seen in the period that were kept without an incident."""
        wanted = select(func.count()).where(
            quality_issues.c.classification == Classification.NEAR_MISS.value,
            quality_issues.c.incident.is_(None),
            quality_issues.c.first_seen >= since,
            quality_issues.c.first_seen < until,
        )
        if system is not None:
            wanted = wanted.where(quality_issues.c.system == system)
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar_one()


def _standing(
    connection: Connection, since: datetime, until: datetime, only: dict[str, str | None]
) -> dict[str, Stand]:
    """Return how far each incident of a period has come, oldest first."""
    wanted = (
        select(incidents.c.incident, incidents.c.view_version, _ENTRIES)
        .where(
            incidents.c.opened_at >= since,
            incidents.c.opened_at < until,
            incidents.c.exercise.is_(False),
            incidents.c.opening.is_not(None),
            *(incidents.c[name] == value for name, value in only.items() if value is not None),
        )
        .order_by(incidents.c.opened_at, incidents.c.incident)
    )
    return {name: Stand(version, entries) for name, version, entries in connection.execute(wanted)}


def _read(connection: Connection, names: Sequence[str]) -> Iterator[tuple[str, Added]]:
    for begin in range(0, len(names), AT_A_TIME):
        some = names[begin : begin + AT_A_TIME]
        runs = _gate_runs(connection, some)
        wanted = select(incidents.c.incident, incidents.c.opening, incidents.c.view)
        for row in connection.execute(wanted.where(incidents.c.incident.in_(some))):
            opening = OpeningGlimpse.model_validate_json(row.opening)
            view = ViewGlimpse.model_validate_json(row.view) if row.view else None
            yield row.incident, added_by(opening, view, runs.get(row.incident, ()))
        # Parsing holds the interpreter: without a pause each answer of the console would wait for its turns.
        time.sleep(GIVES_WAY_SECONDS)


def _gate_runs(connection: Connection, names: Sequence[str]) -> dict[str, list[bool]]:
    # Entries are kept as RFC 8785 JSON, which has one spelling: no blank after the colon.
    wanted = (
        select(ledger_entries.c.entry)
        .where(
            ledger_entries.c.chain == Chain.RESPONSE.value,
            ledger_entries.c.incident.in_(names),
            ledger_entries.c.entry.like('%"kind":"gate\\_%', escape="\\"),
        )
        .order_by(ledger_entries.c.incident, ledger_entries.c.sequence)
    )
    found: dict[str, list[bool]] = {}
    for text in connection.execute(wanted).scalars():
        entry = Entry.model_validate_json(text)
        if entry.kind in _GATE:
            found.setdefault(entry.incident, []).append(_GATE[entry.kind])
    return found
