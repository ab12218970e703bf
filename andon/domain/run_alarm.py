"""Alarms about the workflows of incidents: what was found, and what is remembered so that they go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.containment import Order, OrderState
from andon.domain.incident import SHOWN, IncidentState, IncidentView, OpenIncident, OrderRecord
from andon.domain.ledger import Chain, Entry, Head, Kind, rechain
from andon.domain.values import Carried, IncidentId, Instant

RECONCILE: Final = "reconcile"
"""Id of the workflow that compares the register with Temporal."""

ALARMED: Final = "alarmed"
"""Signal by which an incident hears of an alarm about itself; carries an `Alarmed`."""


class RunState(StrEnum):
    """How an incident's workflow is found; anything but running is an alarm while the incident is open."""

    RUNNING = "running"
    CONTINUED = "continued"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    COMPLETED = "completed"
    GONE = "gone"
    """Temporal knows of no such workflow, or not any more."""


class RunAlarmKind(StrEnum):
    """What is wrong with an incident's workflow."""

    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    COMPLETED = "completed"
    GONE = "gone"
    RESET = "reset"
    """Another run goes on than the one that was seen last, and not from where that one left off."""
    LOG_OVERDUE = "log_overdue"
    """Of no incident: the log over all of them is not signed any more."""
    ACCESS_FORKED = "access_forked"
    """Its access chain and what is locked of it differ: nothing of it is given out any more."""


OF_CHAINS: Final = frozenset({RunAlarmKind.ACCESS_FORKED})
"""Alarms that are not over because a workflow runs again."""


class Fate(Carried):
    """What has become of a workflow, or of one run of it."""

    state: RunState
    run: str = ""
    first_run: str = ""


class RunAlarm(Carried):
    """One finding; open until the incident is seen to run again."""

    number: int
    kind: RunAlarmKind
    incident: IncidentId
    at: Instant
    details: dict[str, str] = Field(default_factory=dict, description="codes")
    cleared_at: Instant | None = None


class Alarmed(Carried):
    """What an incident is told of an alarm about its own workflow."""

    number: int
    kind: RunAlarmKind
    restarted: bool = Field(description="whether its workflow was started again from what is stored")
    unread: int = Field(0, description="entries of the chain that nothing could be rebuilt from")


class OpenRun(Carried):
    """An open incident, and the run that was seen last; None: none was seen yet."""

    incident: IncidentId
    run: str | None


class Compared(Carried):
    """What one comparison came to."""

    looked: int
    alarms: int


def state_from(view: IncidentView, head: Head) -> IncidentState:
    """Return what a workflow remembered when it was shown last, to go on at the end of its chain."""
    shown = {name: getattr(view, name) for name in SHOWN}
    return IncidentState.model_validate(
        {
            **view.rest,
            **shown,
            "orders": {record.order.id: record for record in view.orders},
            "decisions": {record.request.id: record for record in view.decisions},
            "head": head,
            "acknowledged": head.length,
        }
    )


def with_levers(
    state: IncidentState, held: Sequence[Order], released: Mapping[str, Instant]
) -> IncidentState:
    """Return the state with its orders as the switch store has them; the store has the last word.

    Every order in force is to be proven anew.
    """
    for order in held:
        state.orders.setdefault(order.id, OrderRecord(order=order, state=OrderState.APPLIED))
    for name, record in state.orders.items():
        if name in released:
            changes: dict[str, object] = {"state": OrderState.RELEASED, "released_at": released[name]}
        elif record.state in (OrderState.PROVEN, OrderState.EXPIRED):
            changes = {"state": OrderState.APPLIED}
        else:
            continue
        state.orders[name] = record.model_copy(update=changes)
    return state


def forked(
    opening: OpenIncident, state: IncidentState, *, at: Instant, pending: Sequence[Entry], expected: int
) -> None:
    """Have a state begin with the entry that says why it was taken over.

    Of what the history before had still `pending` only alarms are kept: they are not about its past.
    """
    kept = [entry for entry in pending if entry.kind == Kind.ALARM_RAISED]
    entry = Entry(
        incident=opening.incident,
        chain=Chain.RESPONSE,
        sequence=state.head.length,
        at=at,
        actor="andon",
        kind=Kind.FORKED,
        facts={
            "expected": expected,
            "stored": state.head.length,
            "dropped": len(pending) - len(kept),
        },
        previous=state.head.digest,
    )
    begun = Head(length=entry.sequence + 1, digest=entry.digest())
    state.pending += [entry, *rechain(kept, begun)]
    last = state.pending[-1]
    state.head = Head(length=last.sequence + 1, digest=last.digest())
