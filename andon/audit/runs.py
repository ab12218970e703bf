"""Checks on workflow histories: whole, unbroken, and saying what the ledger says.

A history is not signed. What it is held against is: the chain's end, and every signed answer, which
must have come in as an update or a signal, and none other may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from andon.audit.exported import Opened
from andon.audit.findings import Step
from andon.audit.sealed import SKEW
from andon.audit.unnamed import REFUSED, unexplained
from andon.domain.ledger import Entry, Kind
from andon.domain.signing import BY_PEOPLE, Envelope
from andon.domain.values import Sha256Hex

COUNTED: Final = frozenset({Kind.RESPONSE_ACCEPTED, Kind.PROPOSED, Kind.DECLARED})
TERMINAL: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)
CUT: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: "was terminated from outside",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: "failed",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: "timed out",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: "was cancelled",
}


@dataclass
class _Seen:
    runs: dict[str, str] = field(default_factory=dict)
    """Id of each run -> its workflow."""
    expected: dict[str, str] = field(default_factory=dict)
    """Runs that another one went on as, or started -> that workflow's id."""
    statements: dict[Sha256Hex, tuple[str, Envelope]] = field(default_factory=dict)
    """Digest of each statement that came in -> where, and itself."""
    opaque: int = 0


def check_histories(step: Step, opened: Opened, histories: Iterable[WorkflowHistory]) -> None:
    """Every run is whole, runs follow each other, and what came in is what the ledger counts."""
    seen = _Seen()
    own = f"incident/{opened.incident}"
    for history in histories:
        _run(step, history, seen)
    if not seen.runs:
        step.note("there are no workflow histories: what came in can't be compared")
        return
    step.must(own in seen.runs.values(), own, "has no history among those that are here")
    _reaches_the_end(step, own, opened)
    for run, workflow in seen.expected.items():
        step.must(run in seen.runs, workflow, f"went on in run {run}, whose history is not there")
    _compare(step, opened, seen)


def builds(histories: Iterable[WorkflowHistory]) -> set[str]:
    """Return the builds of code that ran these histories, as they say."""
    return {
        build
        for history in histories
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
        for build in (event.workflow_task_completed_event_attributes.worker_version.build_id,)
        if build
    }


def run_of(history: WorkflowHistory) -> str:
    """Return the id of the run that a history is of."""
    return str(history.events[0].workflow_execution_started_event_attributes.original_execution_run_id)


def _run(step: Step, history: WorkflowHistory, seen: _Seen) -> None:
    events = list(history.events)
    name = history.workflow_id
    step.checked += len(events)
    for place, event in enumerate(events, start=1):
        if event.event_id != place:
            step.broken(
                name, f"event {place} has the number {event.event_id}: events were taken out or added"
            )
            break
    run = run_of(history)
    step.must(run not in seen.runs, name, f"run {run} is there twice")
    seen.runs[run] = name
    latest = events[0].event_time.ToDatetime()
    for event in events:
        _event(step, name, event, seen)
        at = event.event_time.ToDatetime()
        # What comes in while a task runs is written after it with the time it came in.
        if at < latest - SKEW:
            step.broken(name, f"event {event.event_id} is dated before those it follows")
        latest = max(latest, at)
    last = events[-1].event_type
    if last in CUT:
        step.broken(name, f"run {run} {CUT[last]}")
    elif last not in TERMINAL:
        step.note(f"{name} had not ended when its history was read")


def _event(step: Step, name: str, event: HistoryEvent, seen: _Seen) -> None:
    kind = event.event_type
    if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
        request = event.workflow_execution_update_accepted_event_attributes.accepted_request
        _take(seen, request.input.args.payloads, f"{name}, event {event.event_id}")
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
        signal = event.workflow_execution_signaled_event_attributes
        _take(seen, signal.input.payloads, f"{name}, event {event.event_id}")
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
        onward = event.workflow_execution_continued_as_new_event_attributes
        seen.expected[onward.new_execution_run_id] = name
    elif kind == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
        child = event.child_workflow_execution_started_event_attributes.workflow_execution
        seen.expected[child.run_id] = child.workflow_id
    elif kind == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
        failed = event.workflow_task_failed_event_attributes
        if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
            step.broken(name, f"was reset at event {event.event_id}: what came after it was thrown away")


def _take(seen: _Seen, payloads: Iterable[Payload], where: str) -> None:
    for payload in payloads:
        if payload.metadata.get("encoding") != b"json/plain":
            seen.opaque += 1
            continue
        for envelope in _envelopes(payload.data):
            if envelope.payloadType in BY_PEOPLE:
                seen.statements.setdefault(envelope.digest(), (where, envelope))


def _envelopes(data: bytes) -> Iterator[Envelope]:
    try:
        yield Envelope.model_validate_json(data)
    except ValidationError:
        return


def _compare(step: Step, opened: Opened, seen: _Seen) -> None:
    """What counted came in, and what came in is on record."""
    if seen.opaque:
        step.note(f"{seen.opaque} payloads are encrypted: what came in with them can't be compared")
        return
    known = opened.exported.heads.get("history")
    length = known.length if known is not None else 0
    recorded = {digest for entry in opened.entries for digest in _statements(entry)}
    for entry in opened.entries:
        if entry.kind not in COUNTED or entry.sequence >= length:
            continue
        digest = entry.digests.get("statement", "")
        step.must(
            digest in seen.statements,
            f"entry {entry.sequence}",
            f"counts statement {digest[:16]}, which never came in by the history",
        )
    unnamed = {digest: one for digest, (_, one) in seen.statements.items() if digest not in recorded}
    beyond = unexplained(unnamed, opened.entries)
    if beyond and length == len(opened.entries):
        step.broken(
            seen.statements[beyond[0]][0],
            f"{len(beyond)} statements came in that no entry names, and no refusal on record is of them",
        )


def _reaches_the_end(step: Step, own: str, opened: Opened) -> None:
    known = opened.exported.heads.get("history")
    closed = next((entry.sequence for entry in opened.entries if entry.kind == Kind.CLOSED), None)
    if closed is not None and (known is None or known.length <= closed):
        step.broken(own, f"ends before entry {closed}, which closes the incident: it was cut")


def _statements(entry: Entry) -> Iterator[Sha256Hex]:
    if entry.kind in COUNTED | REFUSED and "statement" in entry.digests:
        yield entry.digests["statement"]
