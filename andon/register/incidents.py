"""Incidents as the door allots them and as their workflows show them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypedDict, Unpack

from sqlalchemy import (
    Connection,
    Engine,
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
from andon.register.asked import ask_of
from andon.register.changes import mirror
from andon.register.codes import ANYTHING, Sought
from andon.register.engine import insert_if_absent, reading, together, writing
from andon.register.failures import Failed
from andon.register.incident_rows import (
    HEAD,
    IncidentHead,
    IncidentRow,
    OpenCount,
    incident_head,
    incident_row,
)
from andon.register.lever_proofs import note_proofs
from andon.register.system_uses import SystemUses, note_use
from andon.register.tables import OPEN_WITH_DEDUPE, incidents

__all__ = ["Allotment", "IncidentHead", "IncidentRow", "Incidents", "Listed", "OpenCount", "Which"]


class Listed(StrEnum):
    """Which incidents a list holds."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class Which(TypedDict, total=False):
    """Which incidents are read: all of these hold. Newest first, unless told otherwise."""

    stage: Stage | None
    severity: Band | None
    system: str | None
    state: Listed
    classification: Classification | None
    failed: Failed | None
    sought: Sought
    among: Collection[str]
    """Only these."""
    due_first: bool
    """What runs out first at the top; what has no clock last."""
    limit: int
    before: str | None
    """The last incident of the page before; only for newest first."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The incident a detection belongs to, and whether it was opened for it."""

    incident: str
    opened: bool
    recurrence_of: str | None


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
            ask_of(connection, view)
            note_use(connection, view)
            note_proofs(connection, view)

    def get(self, incident: str) -> IncidentRow | None:
        """Return one incident."""
        with reading(self._engine) as connection:
            row = connection.execute(select(incidents).where(incidents.c.incident == incident)).first()
            return incident_row(row) if row else None

    def list(self, **which: Unpack[Which]) -> list[IncidentRow]:
        """Return incidents whole."""
        with reading(self._engine) as connection:
            return [incident_row(row) for row in connection.execute(_chosen(select(incidents), which))]

    def heads(self, **which: Unpack[Which]) -> Sequence[IncidentHead]:
        """Return incidents without what their pages show: a list needs a fraction of it."""
        with reading(self._engine) as connection:
            return [incident_head(row) for row in connection.execute(_chosen(select(*HEAD), which))]

    def open_counts(self) -> Sequence[OpenCount]:
        """Count the open incidents by what says whether they are contained."""
        named = (incidents.c.contained, incidents.c.containment_required, incidents.c.stage)
        wanted = select(*named, func.count().label("number")).where(incidents.c.closed_at.is_(None))
        with reading(self._engine) as connection:
            return [
                OpenCount(row.contained, row.containment_required, Stage(row.stage), row.number)
                for row in connection.execute(wanted.group_by(*named))
            ]

    def use_decided(self, system: str) -> UseDecided | None:
        """Return what the incident that ended last decided about the use of an AI system."""
        return SystemUses(self._engine).of(system)

    def select_ids(self, state: Listed, sought: Sought = ANYTHING) -> Select[Any]:
        """Return the query of the ids of incidents that fit, for counting them."""
        return _STATES[state](sought.narrow(select(incidents.c.incident)))

    def count_systems_stopped_by(self, source: str, since: datetime) -> int:
        """Count the AI systems that one source had contained since a moment."""
        stopped = func.count(distinct(incidents.c.system)).filter(incidents.c.containment_required)
        wanted = select(stopped).where(incidents.c.source == source, incidents.c.opened_at >= since)
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())


_GRAVEST_FIRST: Final = case({band.value: -band.rank for band in Band}, value=incidents.c.severity)

_STATES: Final[dict[Listed, Callable[[Select[Any]], Select[Any]]]] = {
    Listed.OPEN: lambda wanted: wanted.where(incidents.c.closed_at.is_(None)),
    Listed.CLOSED: lambda wanted: wanted.where(incidents.c.closed_at.is_not(None)),
    Listed.ALL: lambda wanted: wanted,
}


def _chosen(wanted: Select[Any], which: Which) -> Select[Any]:
    wanted = which.get("sought", ANYTHING).narrow(wanted)
    for column, value in (
        (incidents.c.stage, which.get("stage")),
        (incidents.c.severity, which.get("severity")),
        (incidents.c.system, which.get("system")),
        (incidents.c.classification, which.get("classification")),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if (failed := which.get("failed")) is not None:
        wanted = failed.narrow(wanted)
    if (among := which.get("among")) is not None:
        wanted = wanted.where(incidents.c.incident.in_(among))
    wanted = _after(_STATES[which.get("state", Listed.ALL)](wanted), which.get("before"))
    newest = (incidents.c.opened_at.desc(), incidents.c.incident.desc())
    due = (incidents.c.next_deadline.is_(None), incidents.c.next_deadline)
    wanted = wanted.order_by(*(due if which.get("due_first") else ()), *newest)
    return wanted.limit(which.get("limit", 50))


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
