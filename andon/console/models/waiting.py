"""What waits for somebody, and what is open beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from andon.console.models.decision import DecisionShown
from andon.console.models.incident import IncidentListed
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId
from andon.register.incidents import IncidentRow, OpenCount


class Waiting(Frozen):
    """A question that waits for somebody."""

    incident: IncidentId
    url: str
    system: str
    severity: Band
    contained: bool
    decision: DecisionShown


@dataclass(frozen=True, slots=True)
class AskedNow:
    """A question that waits for the reader, as the first page shows it."""

    incident: IncidentListed
    decision: str
    title: str
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class OpenNow:
    """What the first page shows; what runs out first is at the top."""

    counts: Sequence[OpenCount]
    """Of all open incidents."""
    incidents: Sequence[IncidentListed]
    """The first of them."""
    asked: Sequence[AskedNow]
    """The first of the questions that wait for the reader."""
    asked_in_all: int
    overdue: Mapping[IncidentId, int]
    """How many questions of each incident, whoever is asked, are open past their deadline."""


def waiting_shown(row: IncidentRow, url: str, decision: DecisionShown) -> Waiting:
    """Return a question of an incident as it waits for somebody."""
    return Waiting(
        incident=row.incident,
        url=f"{url}/incidents/{row.incident}/decisions/{decision.id}",
        system=row.system,
        severity=row.severity,
        contained=row.contained,
        decision=decision,
    )


def urgency(waiting: Waiting) -> tuple[bool, datetime, datetime]:
    """Return where a question stands among those that wait: what runs out first, then what is oldest."""
    decision = waiting.decision
    return (decision.deadline is None, decision.deadline or decision.opened_at, decision.opened_at)
