"""The timeline of an incident, and what was known at any moment of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from andon.domain.containment import IN_FORCE, OrderState
from andon.domain.ledger import Entry, Kind
from andon.domain.stage import Stage

ORDER_STATES = {
    Kind.ORDER_REQUESTED: OrderState.REQUESTED,
    Kind.ORDER_APPLIED: OrderState.APPLIED,
    Kind.ORDER_PROVEN: OrderState.PROVEN,
    Kind.ORDER_UNPROVEN: OrderState.UNPROVEN,
    Kind.ORDER_FAILED: OrderState.FAILED,
    Kind.ORDER_RELEASED: OrderState.RELEASED,
}
SETTLING = frozenset({Kind.DECISION_SETTLED, Kind.DECISION_SUPERSEDED, Kind.DECISION_EXPIRED})
WEIGHING = frozenset({Kind.INCIDENT_OPENED, Kind.SEVERITY_RAISED, Kind.SEVERITY_LOWERED})


@dataclass
class Known:
    """What the ledger said of an incident at a moment."""

    at: datetime
    entries: int = 0
    severity: str = ""
    stages: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    contained: bool = False
    questions: list[str] = field(default_factory=list)
    breached: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    lead: str = ""
    undelivered: int = 0
    evidence_snapshots: int = 0
    gate_open: bool | None = None
    closed: bool = False

    def plain(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**vars(self), "at": self.at.isoformat()}


def until(entries: Sequence[Entry], at: datetime | None) -> list[Entry]:
    """Return the entries that had been written by `at`, in chain order.

    An entry may carry an earlier time than the one before it (a breach is recorded with the
    deadline it missed), so an entry counts only once all before it do.
    """
    return list(entries) if at is None else list(takewhile(lambda entry: entry.at <= at, entries))


def known_at(entries: Sequence[Entry], at: datetime) -> Known:
    """Return what the ledger said at a moment: stages, orders, open questions, whether contained."""
    known = Known(at=at)
    for entry in until(entries, at):
        known.entries += 1
        _take(known, entry)
    states = set(known.orders.values())
    in_force = states & {state.value for state in IN_FORCE} - {OrderState.PROVEN.value}
    known.contained = known.contained and not in_force and OrderState.PROVEN.value in states
    return known


def _take(known: Known, entry: Entry) -> None:
    kind = entry.kind
    if kind in ORDER_STATES:
        known.orders[entry.subject] = ORDER_STATES[Kind(kind)].value
    elif kind in WEIGHING:
        known.severity = entry.after
    elif kind == Kind.CONTAINED:
        known.contained = True
    elif kind == Kind.LEAD_NAMED:
        known.lead = entry.after
    elif kind == Kind.NOTICE_UNDELIVERED:
        known.undelivered += 1
    elif kind == Kind.EVIDENCE_SEALED:
        known.evidence_snapshots += 1
    elif kind in {Kind.GATE_OPENED, Kind.GATE_SHUT}:
        known.gate_open = kind == Kind.GATE_OPENED
    else:
        _take_stage(known, entry)


def _take_stage(known: Known, entry: Entry) -> None:
    if entry.kind == Kind.STAGE_BEGUN:
        known.stages.append(entry.subject)
    elif entry.kind == Kind.STAGE_ENDED and entry.subject in known.stages:
        known.stages.remove(entry.subject)
    elif entry.kind == Kind.DECISION_OPENED:
        known.questions.append(entry.subject)
    elif entry.kind in SETTLING and entry.subject in known.questions:
        known.questions.remove(entry.subject)
    elif entry.kind == Kind.CLOSED:
        known.closed = True
        known.stages = [Stage.CLOSED.value]
    else:
        _take_clock(known, entry)


def _take_clock(known: Known, entry: Entry) -> None:
    if entry.kind == Kind.DEADLINE_BREACHED:
        known.breached.append(entry.subject)
    elif entry.kind == Kind.BREACH_WITHDRAWN and entry.subject in known.breached:
        known.breached.remove(entry.subject)
    elif entry.kind == Kind.STAGE_OVERDUE:
        known.overdue.append(entry.subject)
