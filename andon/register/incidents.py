"""Incidents as the door allots them and as their workflows show them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    case,
    distinct,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.domain.use import UseDecided
from andon.ports import SealedText
from andon.register.changes import mirror
from andon.register.codes import ANYTHING, Sought
from andon.register.engine import insert_if_absent, reading, together, writing
from andon.register.failures import Failed
from andon.register.lever_proofs import note_proofs
from andon.register.system_uses import SystemUses, note_use
from andon.register.tables import OPEN_WITH_DEDUPE, incidents


class Listed(StrEnum):
    """Which incidents a list holds."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Allotment:
    """The incident a detection belongs to, and whether it was opened for it."""

    incident: str
    opened: bool
    recurrence_of: str | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident: columns for lists, and whole for its page."""

    incident: str
    system: str
    source: str
    channel: str
    type: str | None
    title: SealedText | None
    opened_at: datetime
    started_at: datetime | None
    recurrence_of: str | None
    containment_required: bool
    exercise: bool
    stage: Stage
    severity: Band
    classification: Classification
    provisional: bool
    contained: bool
    next_deadline: datetime | None
    closed_at: datetime | None
    root_cause: str | None
    also_class: str | None
    opening_json: str | None
    view_json: str | None

    @property
    def opening(self) -> OpenIncident | None:
        """What the door handed to the workflow; None if the row was rebuilt from a view."""
        return OpenIncident.model_validate_json(self.opening_json) if self.opening_json else None

    @property
    def view(self) -> IncidentView | None:
        """What the workflow shows; None until it has begun."""
        return IncidentView.model_validate_json(self.view_json) if self.view_json else None


class Incidents:
    """One row an incident, from the moment its id is allotted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def together(self) -> AbstractContextManager[None]:
        """Make what this thread does in the register in a block one transaction."""
        return together(self._engine)

    def allot(self, opening: OpenIncident, *, dedupe: str | None, title: SealedText) -> Allotment:
        """Open an incident, or name the open one with the same AI system and dedupe key.

        A closed incident never takes a detection in: the new one is marked as its recurrence, in
        the kept opening as well. Without a dedupe key an incident is always opened. At any moment
        there is at most one open incident a key, however many processes call.
        """
        with writing(self._engine) as connection:
            while True:
                recurrence_of = _newest_closed(connection, opening.plan.system, dedupe)
                row = _opening_row(opening, dedupe, title, recurrence_of)
                if _insert(connection, row):
                    return Allotment(opening.incident, opened=True, recurrence_of=recurrence_of)
                standing = connection.execute(
                    select(incidents.c.incident, incidents.c.recurrence_of).where(
                        incidents.c.system == opening.plan.system,
                        incidents.c.dedupe == dedupe,
                        incidents.c.closed_at.is_(None),
                    )
                ).first()
                # None: it was closed between the two statements, as PostgreSQL allows; then open anew.
                if standing is not None:
                    return Allotment(standing.incident, opened=False, recurrence_of=standing.recurrence_of)

    def open_with(self, system: str, dedupe: str | None) -> str | None:
        """Return the open incident of an AI system with this key."""
        if dedupe is None:
            return None
        wanted = select(incidents.c.incident).where(
            incidents.c.system == system, incidents.c.dedupe == dedupe, incidents.c.closed_at.is_(None)
        )
        with reading(self._engine) as connection:
            return connection.execute(wanted).scalar()

    def mark_started(self, incident: str, at: datetime) -> None:
        """Note that the incident's workflow runs, until its first view says since when."""
        with writing(self._engine) as connection:
            connection.execute(
                update(incidents)
                .where(incidents.c.incident == incident, incidents.c.started_at.is_(None))
                .values(started_at=at)
            )

    def waiting(self, limit: int = 50) -> list[OpenIncident]:
        """Return incidents that were allotted and whose workflow has not started: gravest, then oldest."""
        wanted = (
            select(incidents.c.opening)
            .where(
                incidents.c.started_at.is_(None),
                incidents.c.closed_at.is_(None),
                incidents.c.opening.is_not(None),
            )
            .order_by(_GRAVEST_FIRST, incidents.c.opened_at, incidents.c.incident)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [OpenIncident.model_validate_json(text) for text in connection.execute(wanted).scalars()]

    def show(self, view: IncidentView) -> None:
        """Show `view`, unless the same or a newer one is shown. Closing frees the dedupe key."""
        shown = _shown(view)
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(incidents)
                .where(
                    incidents.c.incident == view.incident,
                    or_(incidents.c.view_version.is_(None), incidents.c.view_version < view.version),
                )
                .values(**shown, started_at=_begun(view))
            )
            if changed.rowcount == 0:
                fresh = {**shown, **_rebuilt_row(view)}
                if not insert_if_absent(connection, incidents, fresh, on=("incident",)):
                    return
            mirror(connection, view)
            note_use(connection, view)
            note_proofs(connection, view)

    def get(self, incident: str) -> IncidentRow | None:
        """Return one incident."""
        with reading(self._engine) as connection:
            row = connection.execute(select(incidents).where(incidents.c.incident == incident)).first()
            return _incident_row(row) if row else None

    def list(
        self,
        *,
        stage: Stage | None = None,
        severity: Band | None = None,
        system: str | None = None,
        state: Listed = Listed.ALL,
        classification: Classification | None = None,
        failed: Failed | None = None,
        sought: Sought = ANYTHING,
        limit: int = 50,
        before: str | None = None,
    ) -> list[IncidentRow]:
        """Return incidents, newest first; `before` is the last incident of the page before."""
        wanted = sought.narrow(select(incidents))
        for column, value in (
            (incidents.c.stage, stage),
            (incidents.c.severity, severity),
            (incidents.c.system, system),
            (incidents.c.classification, classification),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        wanted = failed.narrow(wanted) if failed is not None else wanted
        wanted = _after(_STATES[state](wanted), before)
        wanted = wanted.order_by(incidents.c.opened_at.desc(), incidents.c.incident.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_incident_row(row) for row in connection.execute(wanted)]

    def use_decided(self, system: str) -> UseDecided | None:
        """Return what the incident that ended last decided about the use of an AI system."""
        return SystemUses(self._engine).of(system)

    def select_ids(self, state: Listed, sought: Sought = ANYTHING) -> Select[Any]:
        """Return the query of the ids of incidents that fit, for counting them."""
        return _STATES[state](sought.narrow(select(incidents.c.incident)))

    def count_opened_by(self, source: str, since: datetime) -> int:
        """Count the incidents that one source opened since a moment."""
        return self._count(func.count(), source, since)

    def count_systems_stopped_by(self, source: str, since: datetime) -> int:
        """Count the AI systems that one source had contained since a moment."""
        return self._count(
            func.count(distinct(incidents.c.system)).filter(incidents.c.containment_required), source, since
        )

    def _count(self, counted: Any, source: str, since: datetime) -> int:
        wanted = select(counted).where(incidents.c.source == source, incidents.c.opened_at >= since)
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())


_GRAVEST_FIRST: Final = case({band.value: -band.rank for band in Band}, value=incidents.c.severity)

_STATES: Final[dict[Listed, Callable[[Select[Any]], Select[Any]]]] = {
    Listed.OPEN: lambda wanted: wanted.where(incidents.c.closed_at.is_(None)),
    Listed.CLOSED: lambda wanted: wanted.where(incidents.c.closed_at.is_not(None)),
    Listed.ALL: lambda wanted: wanted,
}


def _after(wanted: Select[Any], before: str | None) -> Select[Any]:
    if before is None:
        return wanted
    last = select(incidents.c.opened_at, incidents.c.incident).where(incidents.c.incident == before)
    place = tuple_(incidents.c.opened_at, incidents.c.incident)
    return wanted.where(place < last.scalar_subquery())


def _newest_closed(connection: Connection, system: str, dedupe: str | None) -> str | None:
    if dedupe is None:
        return None
    return connection.execute(
        select(incidents.c.incident)
        .where(
            incidents.c.system == system,
            incidents.c.dedupe == dedupe,
            incidents.c.closed_at.is_not(None),
        )
        .order_by(incidents.c.closed_at.desc())
        .limit(1)
    ).scalar()


def _insert(connection: Connection, row: dict[str, Any]) -> bool:
    if row["dedupe"] is None:
        connection.execute(insert(incidents).values(**row))
        return True
    return insert_if_absent(connection, incidents, row, on=("system", "dedupe"), where=OPEN_WITH_DEDUPE)


def _opening_row(
    opening: OpenIncident, dedupe: str | None, title: SealedText, recurrence_of: str | None
) -> dict[str, Any]:
    kept = opening.model_copy(update={"recurrence_of": recurrence_of})
    return {
        "incident": opening.incident,
        "system": opening.plan.system,
        "dedupe": dedupe,
        "source": opening.source,
        "channel": opening.channel,
        "type": opening.type,
        "title_id": title.id,
        "title_digest": title.digest,
        "opening": kept.model_dump_json(),
        "opened_at": opening.opened_at,
        "recurrence_of": recurrence_of,
        "containment_required": opening.containment_required,
        "exercise": opening.exercise,
        "stage": Stage.DETECT,
        "severity": opening.severity,
        "classification": opening.classification,
        "provisional": opening.provisional,
        "contained": False,
    }


def _shown(view: IncidentView) -> dict[str, Any]:
    return {
        "stage": view.stage,
        "severity": view.severity,
        "classification": view.classification,
        "provisional": view.provisional,
        "contained": view.contained,
        "next_deadline": view.next_deadline,
        "closed_at": view.closed_at,
        "root_cause": view.findings.get("root_cause"),
        "also_class": view.findings.get("also_class"),
        "view_version": view.version,
        "view": view.model_dump_json(),
    }


def _begun(view: IncidentView) -> datetime:
    """Return when its workflow began: hours after it was opened, if Temporal was away."""
    return view.stages[0].began_at if view.stages else view.opened_at


def _rebuilt_row(view: IncidentView) -> dict[str, Any]:
    """Return what can be told of an incident whose row was lost, or not written yet."""
    return {
        "incident": view.incident,
        "system": view.system,
        "source": "unknown",
        "channel": "unknown",
        "opened_at": view.opened_at,
        "started_at": _begun(view),
        "containment_required": bool(view.orders),
        "exercise": view.exercise,
    }


def _incident_row(row: Row[Any]) -> IncidentRow:
    title = SealedText(id=row.title_id, digest=row.title_digest) if row.title_id else None
    return IncidentRow(
        incident=row.incident,
        system=row.system,
        source=row.source,
        channel=row.channel,
        type=row.type,
        title=title,
        opened_at=row.opened_at,
        started_at=row.started_at,
        recurrence_of=row.recurrence_of,
        containment_required=row.containment_required,
        exercise=row.exercise,
        stage=Stage(row.stage),
        severity=Band(row.severity),
        classification=Classification(row.classification),
        provisional=row.provisional,
        contained=row.contained,
        next_deadline=row.next_deadline,
        closed_at=row.closed_at,
        root_cause=row.root_cause,
        also_class=row.also_class,
        opening_json=row.opening,
        view_json=row.view,
    )
