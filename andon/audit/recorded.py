"""What a workflow history itself says of the ledger: its head, and the questions as they were put.

Each batch of entries is an activity of the incident's workflow, with the view that follows from
it. So the history knows the chain's end and every question, apart from register and store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from activities.ledger import Batch
from andon.domain.decision import DecisionRequest
from andon.domain.ledger import Head
from andon.domain.values import Sha256Hex

APPEND: Final = "ledger.append"


@dataclass
class Recorded:
    """What the runs of one workflow say."""

    head: Head | None = None
    requests: dict[Sha256Hex, DecisionRequest] = field(default_factory=dict)
    unread: int = 0


def recorded_in(histories: Iterable[WorkflowHistory], incident: str) -> Recorded:
    """Read the batches of an incident's own workflow; those of its children hold none.

    Only a batch that came to rest counts. One that can't be read, such as an encrypted one, is
    counted and left out.
    """
    found = Recorded()
    for history in histories:
        if history.workflow_id != f"incident/{incident}":
            continue
        at_rest = {
            event.activity_task_completed_event_attributes.scheduled_event_id
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
        }
        for event in history.events:
            if event.event_id in at_rest:
                _take(found, event)
    return found


def _take(found: Recorded, event: HistoryEvent) -> None:
    scheduled = event.activity_task_scheduled_event_attributes
    if scheduled.activity_type.name != APPEND or not scheduled.input.payloads:
        return
    try:
        batch = Batch.model_validate_json(scheduled.input.payloads[0].data)
    except ValidationError:
        found.unread += 1
        return
    last = max(batch.entries, key=lambda entry: entry.sequence, default=None)
    if last is not None:
        found.head = Head(length=last.sequence + 1, digest=last.digest())
    for record in batch.view.decisions:
        found.requests[record.request.digest()] = record.request
