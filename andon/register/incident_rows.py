"""One incident as it is read from the register: its columns for lists, and whole for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Row

from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.ports import SealedText
from andon.register.tables import incidents

HEAD: Final = tuple(column for column in incidents.c if column.name not in ("opening", "view"))
"""The columns of a list: what is left out is most of a row."""


@dataclass(frozen=True)
class IncidentHead:
    """One incident as lists show it."""

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


@dataclass(frozen=True)
class IncidentRow(IncidentHead):
    """One incident whole; what its page asks for many times is read from its JSON once."""

    opening_json: str | None
    view_json: str | None

    @cached_property
    def opening(self) -> OpenIncident | None:
        """What the door handed to the workflow; None if the row was rebuilt from a view."""
        return OpenIncident.model_validate_json(self.opening_json) if self.opening_json else None

    @cached_property
    def view(self) -> IncidentView | None:
        """What the workflow shows; None until it has begun."""
        return IncidentView.model_validate_json(self.view_json) if self.view_json else None


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many incidents stand the same way."""

    contained: bool
    containment_required: bool
    stage: Stage
    count: int


def incident_head(row: Row[Any]) -> IncidentHead:
    """Return a row of `HEAD` as it is read."""
    return IncidentHead(**_columns(row))


def incident_row(row: Row[Any]) -> IncidentRow:
    """Return a whole row as it is read."""
    return IncidentRow(**_columns(row), opening_json=row.opening, view_json=row.view)


def _columns(row: Row[Any]) -> dict[str, Any]:
    return {
        "incident": row.incident,
        "system": row.system,
        "source": row.source,
        "channel": row.channel,
        "type": row.type,
        "title": SealedText(id=row.title_id, digest=row.title_digest) if row.title_id else None,
        "opened_at": row.opened_at,
        "started_at": row.started_at,
        "recurrence_of": row.recurrence_of,
        "containment_required": row.containment_required,
        "exercise": row.exercise,
        "stage": Stage(row.stage),
        "severity": Band(row.severity),
        "classification": Classification(row.classification),
        "provisional": row.provisional,
        "contained": row.contained,
        "next_deadline": row.next_deadline,
        "closed_at": row.closed_at,
        "root_cause": row.root_cause,
        "also_class": row.also_class,
    }
