"""Which entries of an incident's ledger are looked for: one rule for the page, the API and the command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from andon.domain.ledger import Entry, Kind


class About(StrEnum):
    """What an entry is about; each is about one thing."""

    COURSE = "course"
    CONTAINMENT = "containment"
    DECISIONS = "decisions"
    EVIDENCE = "evidence"
    RESTART = "restart"
    PEOPLE = "people"
    TASKS = "tasks"


@dataclass(frozen=True, slots=True)
class Sift:
    """What an entry must be; None or empty: anything."""

    kind: str = ""
    who: str = ""
    """A person's or a source's id, or `andon`."""
    about: About | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    important: bool = False

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is one of them."""
        return (
            self.kind in ("", entry.kind)
            and self.who in ("", entry.actor, entry.actor.partition(":")[2])
            and self.about in (None, about(entry))
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (not self.important or entry.kind in IMPORTANT)
        )

    @property
    def narrows(self) -> bool:
        """Whether any entry could be left out."""
        return self != Sift()


def about(entry: Entry) -> About:
    """Return what an entry is about; what a later release writes belongs to the course."""
    return _ABOUT.get(entry.kind, About.COURSE)


def _of(one: About, kinds: Iterable[Kind]) -> dict[str, About]:
    return dict.fromkeys((kind.value for kind in kinds), one)


_ABOUT: Final[dict[str, About]] = {
    **_of(
        About.CONTAINMENT,
        (
            *(kind for kind in Kind if kind.startswith(("order_", "fallback_"))),
            Kind.WOULD_HOLD,
            Kind.ENFORCED,
            Kind.NOT_ENFORCED,
            Kind.LEVER_LACKING,
            Kind.RELEASE_REFUSED,
            Kind.STILL_HELD,
            Kind.CONTAINED,
        ),
    ),
    **_of(
        About.DECISIONS,
        (
            *(kind for kind in Kind if kind.startswith(("decision_", "response_", "propos"))),
            Kind.SIGNAL_REFUSED,
            Kind.CARRIED_OUT,
            Kind.REMINDED,
            Kind.DEADLINE_BREACHED,
            Kind.BREACH_WITHDRAWN,
            Kind.ESCALATED,
            Kind.DEFAULT_APPLIED,
        ),
    ),
    **_of(About.EVIDENCE, (*(kind for kind in Kind if kind.startswith("evidence_")), Kind.FILE_WRITTEN)),
    **_of(
        About.RESTART,
        (
            *(kind for kind in Kind if kind.startswith(("evaluation_", "gate_", "watch_"))),
            Kind.FIX_MARKED,
            Kind.RESTART_BEGUN,
            Kind.RELEASE_STEP,
            Kind.RESTARTED,
            Kind.RELAPSE,
        ),
    ),
    **_of(
        About.PEOPLE,
        (
            *(kind for kind in Kind if kind.startswith(("lead_", "declar"))),
            Kind.ROLES_JOINED,
            Kind.NOTICE_UNDELIVERED,
            Kind.OWNER_SILENT,
            Kind.SENDER_SAYS,
        ),
    ),
    **_of(About.TASKS, (Kind.TASKS_GIVEN, Kind.TASK_OVERDUE, Kind.CLOSING_WAITS, Kind.LESSON_RECORDED)),
}

IMPORTANT: Final = frozenset(
    {
        Kind.INCIDENT_OPENED,
        Kind.CONTAINED,
        Kind.WOULD_HOLD,
        Kind.ENFORCED,
        Kind.NOT_ENFORCED,
        Kind.FALLBACK_MISSING,
        Kind.EVIDENCE_HELD,
        Kind.EVIDENCE_FREED,
        Kind.EVIDENCE_HOLD_WAITS,
        Kind.ORDER_UNPROVEN,
        Kind.ORDER_FAILED,
        Kind.SEVERITY_RAISED,
        Kind.SEVERITY_LOWERED,
        Kind.LEAD_NAMED,
        Kind.FACT_STATED,
        Kind.TIME_CORRECTED,
        Kind.NOTICE_UNDELIVERED,
        Kind.STAGE_OVERDUE,
        Kind.CARRIED_OUT,
        Kind.DECLARED,
        Kind.OWNER_SILENT,
        Kind.LEAD_MISSING,
        Kind.TASK_OVERDUE,
        Kind.CLOSING_WAITS,
        Kind.DEADLINE_BREACHED,
        Kind.ESCALATED,
        Kind.DECISION_SETTLED,
        Kind.GATE_OPENED,
        Kind.GATE_SHUT,
        Kind.RESTARTED,
        Kind.RELAPSE,
        Kind.STOOD_DOWN,
        Kind.MERGED,
        Kind.MERGED_IN,
        Kind.UNMERGED,
        Kind.CLOSED,
        Kind.FORKED,
    }
)
"""What somebody who has a minute reads of a timeline."""
