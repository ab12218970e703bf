"""What the histories of an incident's own workflow remember: how it was opened, and what it showed last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from activities.ledger import Batch
from andon.audit.recorded import APPEND
from andon.domain.incident import IncidentView, OpenIncident, workflow_id
from andon.domain.values import IncidentId


@dataclass
class Remembered:
    """None where no history says it."""

    opening: OpenIncident | None = None
    view: IncidentView | None = None


def remembered(incident: IncidentId, histories: Iterable[WorkflowHistory]) -> Remembered:
    """Read an incident's own runs; of views the newest counts, and only of batches that came to rest."""
    found = Remembered()
    for history in histories:
        if history.workflow_id != workflow_id(incident):
            continue
        opening = _opening(history)
        if opening is not None and (found.opening is None or opening.carried is None):
            found.opening = opening.model_copy(update={"carried": None})
        for view in _views(history):
            if found.view is None or view.version >= found.view.version:
                found.view = view
    return found


def _opening(history: WorkflowHistory) -> OpenIncident | None:
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    try:
        return OpenIncident.model_validate_json(payloads[0].data) if payloads else None
    except ValidationError:
        return None


def _views(history: WorkflowHistory) -> Iterator[IncidentView]:
    at_rest = {
        event.activity_task_completed_event_attributes.scheduled_event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    }
    for event in history.events:
        scheduled = event.activity_task_scheduled_event_attributes
        if event.event_id not in at_rest or scheduled.activity_type.name != APPEND:
            continue
        try:
            yield Batch.model_validate_json(scheduled.input.payloads[0].data).view
        except ValidationError:
            continue
