"""Pieces that several pages show: severity, containment, questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.decision import DecisionShown, OptionShown
from andon.console.models.incident import IncidentListed
from andon.console.screens.moments import Clock, Moment, clock, maybe, moment, term
from andon.console.screens.words import (
    CONTAINED,
    NOT_CONTAINED,
    NOTHING_TO_CONTAIN,
    RELEASED,
    STAGES,
    Status,
    inert,
    listed,
    lower,
    plain,
)
from andon.domain.directory import Role
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.register.incidents import OpenCount

UNTITLED: Final = "Title not shown"
AFTER_RELEASE: Final = frozenset({Stage.MONITOR, Stage.LEARN_CLOSE, Stage.CLOSED})
SEVERITIES: Final = {
    Band.CRITICAL: Status("Critical", "▲▲", "critical"),
    Band.HIGH: Status("High", "▲", "high"),
    Band.MEDIUM: Status("Medium", "◆", "medium"),
    Band.LOW: Status("Low", "▽", "low"),
}


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident in a table."""

    id: str
    href: str | None
    title: str
    system: str
    severity: Status
    provisional: bool
    classification: str
    stage: str
    containment: Status
    opened: Moment
    closed: Moment | None
    next: Clock | None
    exercise: bool
    overdue: str = ""


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question in a table or card."""

    id: str
    href: str
    title: str
    roles: str
    people: str
    clock: Clock | None
    notes: tuple[str, ...]
    so_far: str
    missing: str
    opened: Moment
    state: str
    mine: bool


def incident_line(
    listed_incident: IncidentListed, now: datetime, *, linked: bool, overdue: int = 0
) -> IncidentLine:
    """Return an incident as a line: `linked` if the reader may open it; `overdue` questions are late."""
    one = listed_incident
    return IncidentLine(
        id=one.id,
        href=f"/incidents/{one.id}" if linked else None,
        title=inert(one.title) if one.title else UNTITLED,
        system=one.system,
        severity=SEVERITIES[one.severity],
        provisional=one.provisional,
        classification=plain(one.classification),
        stage=STAGES[one.stage],
        containment=containment(one),
        opened=moment(one.opened_at, now),
        closed=maybe(one.closed_at, now),
        next=clock(one.next_deadline, now) if one.state == "open" else None,
        exercise=one.exercise,
        overdue=questions_over(overdue),
    )


def questions_over(count: int) -> str:
    """Say how many questions are past their deadline; nothing if none is."""
    return f"{count} question{'' if count == 1 else 's'} over time" if count else ""


def containment(one: IncidentListed | OpenCount) -> Status:
    """Say whether an incident is contained. Only proof counts."""
    if one.contained:
        return CONTAINED
    if one.stage in AFTER_RELEASE:
        return RELEASED if one.containment_required else NOTHING_TO_CONTAIN
    return NOT_CONTAINED if one.containment_required else NOTHING_TO_CONTAIN


def question_line(
    decision: DecisionShown, incident: str, now: datetime, *, mine: bool = False
) -> QuestionLine:
    """Return a question as a line; `mine` if it waits for the reader."""
    return QuestionLine(
        id=decision.id,
        href=f"/incidents/{incident}/decisions/{decision.id}",
        title=decision.title,
        roles=listed([role.value for role in decision.roles]),
        people=", ".join(decision.people),
        clock=clock(decision.deadline, now) if decision.state == "open" else None,
        notes=clock_notes(decision),
        so_far=so_far(decision),
        missing=still_missing(decision),
        opened=moment(decision.opened_at, now),
        state=decision_state(decision),
        mine=mine,
    )


def so_far(decision: DecisionShown) -> str:
    """Say who has answered what."""
    answers = [
        f"{one.person} ({lower(one.role)}): {lower(one.option)}{', late' if one.late else ''}"
        for one in decision.responses
    ]
    return "; ".join(answers) or "nobody has answered"


def decision_state(decision: DecisionShown) -> str:
    """Say where a question stands."""
    if decision.state == "superseded":
        return "Asked anew since"
    if decision.outcome:
        return f"Decided: {lower(decision.outcome)}"
    if decision.defaulted and decision.default:
        return f"Nobody answered: {lower(decision.default)} applies; still open"
    return "Open, past its deadline" if decision.breached else "Open"


def takes(option: OptionShown) -> str:
    """Say how many people an option takes, and which."""
    if option.blocks:
        return "one answer is enough"
    slots = [listed([role.value for role in slot]) if slot else "anybody asked" for slot in option.needs]
    if slots == ["anybody asked"]:
        return "takes one person"
    if all(slot == "anybody asked" for slot in slots):
        return f"takes {len(slots)} people"
    return f"takes {joined(slots)}"


def wants(option: OptionShown) -> str:
    """Say which findings an option must come with, in particular; what every option wants is said there."""
    return joined(
        [f"{plain(name).lower()}: {listed(list(values))}" for name, values in option.wants.items() if values]
    )


def missing(option: OptionShown) -> list[str]:
    """Return whom an option still needs, one entry a person; nobody if it can be settled as it is."""
    return [listed([role.value for role in slot]) if slot else "one more person" for slot in option.missing]


def still_missing(decision: DecisionShown) -> str:
    """Say whom the options that somebody chose still need, while nothing is decided."""
    chosen = {one.option for one in decision.responses} if decision.state == "open" else set()
    lacking = [(one, missing(one)) for one in decision.options if one.id in chosen]
    return "; ".join(f"“{lower(one.id)}” needs {joined(people)}" for one, people in lacking if people)


def clock_notes(decision: DecisionShown) -> tuple[str, ...]:
    """Say how the clock of a question came about, and what it takes besides an answer in time."""
    notes = (
        (decision.state == "open" and decision.within, f"{term(decision.within)} to answer"),
        (decision.extended_by, f"given more time by {decision.extended_by}"),
        (decision.extension_asked, f"more time asked for: {decision.extension_asked}"),
        (decision.breached, "not answered in time"),
        (decision.state == "open" and decision.signing == "personal", "takes a signature with your own key"),
    )
    return tuple(text for holds, text in notes if holds)


def joined(slots: list[str]) -> str:
    """Return names as a list in words."""
    if len(slots) < 2:
        return "".join(slots)
    return f"{', '.join(slots[:-1])} and {slots[-1]}"


def role_name(role: Role) -> str:
    """Return a role in words."""
    return lower(role.value)
