"""Every detection that was taken, whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import Field
from sqlalchemy import Engine, Row, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from andon.domain.classification import ExternalId
from andon.domain.detection import Category, Channel, IncidentType, Outcome, Tag
from andon.domain.values import Frozen, Instant
from andon.ports import SealedText
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import detections, incidents

AT_A_TIME: Final = 100


class Detection(Frozen):
    """A detection as it is kept: codes, ids and times; a person's words only sealed."""

    id: str = Field(description="receipt: `DET-` and 16 URL-safe characters")
    incident: str | None
    issue: str | None = Field(None, description="the quality issue that holds it, promoted or not")
    system: str
    outcome: Outcome
    channel: Channel
    source: str = Field(description="`person:<id>` or `source:<id>`")
    received_at: Instant
    detected_at: Instant
    occurred_at: Instant | None = None
    reported_at: Instant | None = Field(None, description="when it was said, if it was relayed later")
    severity: str | None = Field(None, description="asserted by the sender")
    type: IncidentType | None = None
    trigger: str | None = None
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    trace_ids: tuple[str, ...] = ()
    external: tuple[ExternalId, ...] = ()
    evidence: SealedText | None = Field(None, description="what it brings, as a list; sealed as JSON")
    facts: dict[str, str | int] = Field(default_factory=dict)
    potential_facts: dict[str, str | int] = Field(default_factory=dict)
    title: SealedText | None = None
    description: SealedText | None = None
    original: SealedText | None = Field(None, description="as a foreign sender sent it, whole")


class Detections:
    """The list of detections; quality issues stand here only, with no incident."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, detection: Detection) -> bool:
        """Keep a detection; the same receipt again changes nothing, and returns False."""
        with writing(self._engine) as connection:
            row = {
                "id": detection.id,
                "incident": detection.incident,
                "issue": detection.issue,
                "system": detection.system,
                "outcome": detection.outcome,
                "source": detection.source,
                "received_at": detection.received_at,
                "record": detection.model_dump_json(),
            }
            return insert_if_absent(connection, detections, row, on=("id",))

    def get(self, receipt: str) -> Detection | None:
        """Return one detection."""
        with reading(self._engine) as connection:
            found = connection.execute(_KEPT.where(detections.c.id == receipt)).first()
            return _detection(found) if found else None

    def of(self, incident: str, limit: int = 200) -> list[Detection]:
        """Return an incident's detections, oldest first."""
        return self._list(detections.c.incident == incident, limit)

    def of_each(self, names: Sequence[str], limit: int = 200) -> dict[str, list[Detection]]:
        """Return the detections of several incidents, each at most so many, oldest first."""
        found: dict[str, list[Detection]] = {}
        for begin in range(0, len(names), AT_A_TIME):
            of_these = detections.c.incident.in_(names[begin : begin + AT_A_TIME])
            wanted = _KEPT.where(of_these).order_by(detections.c.received_at, detections.c.id)
            with reading(self._engine) as connection:
                for row in connection.execute(wanted):
                    of_one = found.setdefault(row.incident, [])
                    if len(of_one) < limit:
                        of_one.append(_detection(row))
        return found

    def openers(self, system: str, limit: int = 20) -> list[Detection]:
        """Return the detections that opened an AI system's open incidents, newest first."""
        wanted = (
            _KEPT.join(incidents, incidents.c.incident == detections.c.incident)
            .where(
                incidents.c.system == system,
                incidents.c.closed_at.is_(None),
                detections.c.outcome == Outcome.OPENED,
            )
            .order_by(incidents.c.opened_at.desc(), detections.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_detection(row) for row in connection.execute(wanted)]

    def of_issue(self, issue: str, limit: int = 200) -> list[Detection]:
        """Return a quality issue's detections, oldest first."""
        return self._list(detections.c.issue == issue, limit)

    def give(self, issue: str, incident: str) -> None:
        """Let an incident have the detections of the quality issue it was promoted from."""
        with writing(self._engine) as connection:
            connection.execute(
                update(detections).where(detections.c.issue == issue).values(incident=incident)
            )

    def move(self, receipt: str, origin: str, target: str) -> bool:
        """Give a detection that joined one incident to another; return False if it isn't there."""
        with writing(self._engine) as connection:
            moved = connection.execute(
                update(detections)
                .where(detections.c.id == receipt, detections.c.incident == origin)
                .values(incident=target, outcome=Outcome.OPENED)
            )
            return moved.rowcount == 1

    def count_joined(self, incident: str) -> int:
        """Count the detections that joined an incident after the one that opened it."""
        with reading(self._engine) as connection:
            wanted = select(func.count()).where(
                detections.c.incident == incident, detections.c.outcome == Outcome.JOINED
            )
            return connection.execute(wanted).scalar_one()

    def lead_times(self, since: datetime, limit: int = 10_000) -> dict[str, list[float | None]]:
        """Return, by channel, the seconds from what happened to its detection; None: nobody said when.

        Of more than `limit` detections the newest count.
        """
        wanted = (
            select(detections.c.record)
            .where(detections.c.received_at >= since)
            .order_by(detections.c.received_at.desc())
            .limit(limit)
        )
        found: dict[str, list[float | None]] = {}
        with reading(self._engine) as connection:
            for text in connection.execute(wanted).scalars():
                one = Detection.model_validate_json(text)
                took = (one.detected_at - one.occurred_at).total_seconds() if one.occurred_at else None
                found.setdefault(one.channel.value, []).append(took)
        return found

    def quality_issues(self, *, since: datetime, limit: int = 200) -> list[Detection]:
        """Return what was taken as a quality issue since a moment, oldest first; it has no workflow."""
        return self._list(
            (detections.c.outcome == Outcome.QUALITY_ISSUE) & (detections.c.received_at >= since), limit
        )

    def _list(self, condition: ColumnElement[bool], limit: int) -> list[Detection]:
        wanted = _KEPT.where(condition).order_by(detections.c.received_at, detections.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_detection(row) for row in connection.execute(wanted)]


_KEPT: Final = select(detections.c.record, detections.c.incident, detections.c.outcome)


def _detection(row: Row[Any, Any, Any]) -> Detection:
    """Return a detection as it was written down, in the incident that has it now."""
    kept = Detection.model_validate_json(row.record)
    return kept.model_copy(update={"incident": row.incident, "outcome": Outcome(row.outcome)})
