"""What metrics are made from: incidents of a period as they are shown, and how their gates stood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, Select, and_, func, select

from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.ledger import Chain, Entry, Kind
from andon.domain.severity import Classification
from andon.register.engine import reading
from andon.register.quality_tables import quality_issues
from andon.register.tables import incidents, ledger_entries

AT_A_TIME: Final = 200
_GATE: Final = {Kind.GATE_OPENED.value: True, Kind.GATE_SHUT.value: False}


@dataclass(frozen=True, slots=True)
class Measured:
    """One incident as it was opened, as it is shown, and whether its gate opened on each run."""

    opening: OpenIncident
    view: IncidentView | None
    gate_runs: tuple[bool, ...]


class Measures:
    """Reads incidents for figures, a few at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def opened(self, since: datetime, until: datetime, system: str | None = None) -> Iterator[Measured]:
        """Yield the incidents opened from `since` on and before `until`, oldest first, without exercises."""
        chosen = and_(incidents.c.opened_at >= since, incidents.c.opened_at < until)
        wanted = (
            select(incidents.c.incident, incidents.c.opening, incidents.c.view)
            .where(chosen, incidents.c.exercise.is_(False), incidents.c.opening.is_not(None))
            .order_by(incidents.c.opened_at, incidents.c.incident)
        )
        if system is not None:
            wanted = wanted.where(incidents.c.system == system)
        with reading(self._engine) as connection:
            runs = _gate_runs(connection, select(incidents.c.incident).where(chosen))
            for row in connection.execute(wanted.execution_options(yield_per=AT_A_TIME)):
                yield Measured(
                    opening=OpenIncident.model_validate_json(row.opening),
                    view=IncidentView.model_validate_json(row.view) if row.view else None,
                    gate_runs=tuple(runs.get(row.incident, ())),
                )

    def shown(
        self, since: datetime, until: datetime, **only: str | None
    ) -> Iterator[tuple[OpenIncident, IncidentView | None]]:
        """Yield the incidents opened in a period as they were opened and as they are shown, oldest first.

        Args:
            since: its beginning.
            until: its end, which is not part of it.
            only: what a column must hold, such as `system`, `severity` or `type`; None: anything.
        """
        wanted = (
            select(incidents.c.opening, incidents.c.view)
            .where(
                incidents.c.opened_at >= since,
                incidents.c.opened_at < until,
                incidents.c.exercise.is_(False),
                incidents.c.opening.is_not(None),
                *(incidents.c[name] == value for name, value in only.items() if value is not None),
            )
            .order_by(incidents.c.opened_at, incidents.c.incident)
        )
        with reading(self._engine) as connection:
            for row in connection.execute(wanted.execution_options(yield_per=AT_A_TIME)):
                view = IncidentView.model_validate_json(row.view) if row.view else None
                yield OpenIncident.model_validate_json(row.opening), view

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


def _gate_runs(connection: Connection, chosen: Select[tuple[str]]) -> dict[str, list[bool]]:
    # Entries are kept as RFC 8785 JSON, which has one spelling: no blank after the colon.
    wanted = (
        select(ledger_entries.c.entry)
        .where(
            ledger_entries.c.chain == Chain.RESPONSE.value,
            ledger_entries.c.incident.in_(chosen),
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
