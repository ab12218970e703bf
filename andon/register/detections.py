"""Every detection that was taken, whatever became of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy import Engine, func, select
from sqlalchemy.sql.elements import ColumnElement

from andon.domain.detection import Category, Channel, IncidentType, Outcome, Tag
from andon.domain.values import Frozen, Instant
from andon.ports import SealedText
from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import detections


class Detection(Frozen):
    """A detection as it is kept: codes, ids and times; a person's words only sealed."""

    id: str = Field(description="receipt: `DET-` and 16 URL-safe characters")
    incident: str | None
    system: str
    outcome: Outcome
    channel: Channel
    source: str = Field(description="`person:<id>` or `source:<id>`")
    received_at: Instant
    detected_at: Instant
    occurred_at: Instant | None = None
    severity: str | None = Field(None, description="asserted by the sender")
    type: IncidentType | None = None
    trigger: str | None = None
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    trace_ids: tuple[str, ...] = ()
    facts: dict[str, str | int] = Field(default_factory=dict)
    potential_facts: dict[str, str | int] = Field(default_factory=dict)
    title: SealedText | None = None
    description: SealedText | None = None


class Detections:
    """The list of detections; quality issues stand here only, with no incident."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, detection: Detection) -> None:
        """Keep a detection; the same receipt again changes nothing."""
        with writing(self._engine) as connection:
            row = {
                "id": detection.id,
                "incident": detection.incident,
                "system": detection.system,
                "outcome": detection.outcome,
                "source": detection.source,
                "received_at": detection.received_at,
                "record": detection.model_dump_json(),
            }
            insert_if_absent(connection, detections, row, on=("id",))

    def get(self, receipt: str) -> Detection | None:
        """Return one detection."""
        with reading(self._engine) as connection:
            found = connection.execute(select(detections.c.record).where(detections.c.id == receipt)).scalar()
            return Detection.model_validate_json(found) if found else None

    def of(self, incident: str, limit: int = 200) -> list[Detection]:
        """Return an incident's detections, oldest first."""
        return self._list(detections.c.incident == incident, limit)

    def count_joined(self, incident: str) -> int:
        """Count the detections that joined an incident after the one that opened it."""
        with reading(self._engine) as connection:
            wanted = select(func.count()).where(
                detections.c.incident == incident, detections.c.outcome == Outcome.JOINED
            )
            return connection.execute(wanted).scalar_one()

    def quality_issues(self, *, since: datetime, limit: int = 200) -> list[Detection]:
        """Return what was taken as a quality issue since a moment, oldest first; it has no workflow."""
        return self._list(
            (detections.c.outcome == Outcome.QUALITY_ISSUE) & (detections.c.received_at >= since), limit
        )

    def _list(self, condition: ColumnElement[bool], limit: int) -> list[Detection]:
        wanted = (
            select(detections.c.record)
            .where(condition)
            .order_by(detections.c.received_at, detections.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [Detection.model_validate_json(text) for text in connection.execute(wanted).scalars()]
