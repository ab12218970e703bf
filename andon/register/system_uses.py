"""What the incident that ended last decided about the use of each AI system."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, Row, and_, func, select

from andon.domain.incident import IncidentView
from andon.domain.use import ENDING_FINDING, Use, UseDecided, decided_use
from andon.register.engine import insert_if_absent, reading
from andon.register.use_tables import system_uses


class SystemUses:
    """One row for each incident whose end says something of it; exercises say nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, system: str) -> UseDecided | None:
        """Return what was decided last of one AI system; None: nothing yet."""
        wanted = select(system_uses).where(system_uses.c.system == system)
        with reading(self._engine) as connection:
            row = connection.execute(wanted.order_by(system_uses.c.since.desc()).limit(1)).first()
        return _decided(row) if row is not None else None

    def all(self) -> dict[str, UseDecided]:
        """Return what was decided last of each AI system."""
        last = (
            select(system_uses.c.system, func.max(system_uses.c.since).label("since"))
            .group_by(system_uses.c.system)
            .subquery()
        )
        newest = and_(system_uses.c.system == last.c.system, system_uses.c.since == last.c.since)
        wanted = select(system_uses).join(last, newest).order_by(system_uses.c.incident)
        with reading(self._engine) as connection:
            return {row.system: _decided(row) for row in connection.execute(wanted)}


def note_use(connection: Connection, view: IncidentView) -> None:
    """Keep what the end of an incident says, in the transaction of its view."""
    decided = decided_use(view.ending, view.findings.get(ENDING_FINDING))
    if decided is None or view.closed_at is None or view.exercise:
        return
    row = {
        "incident": view.incident,
        "system": view.system,
        "decided": decided.value,
        "since": view.closed_at,
    }
    insert_if_absent(connection, system_uses, row, on=("incident",))


def _decided(row: Row[tuple[object, ...]]) -> UseDecided:
    return UseDecided(system=row.system, incident=row.incident, use=Use(row.decided), since=row.since)
