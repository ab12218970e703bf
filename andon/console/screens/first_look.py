"""The first screen of an incident: how bad, contained and proven or not, what is asked, what is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from andon.console.models.incident import IncidentShown
from andon.console.screens.course import STATES, StageLine
from andon.console.screens.moments import Clock
from andon.console.screens.parts import QuestionLine, containment
from andon.console.screens.tasks import TaskLine
from andon.console.screens.words import CONTAINED, NOT_CONTAINED, lower
from andon.domain.containment import IN_FORCE, OrderState


@dataclass(frozen=True, slots=True)
class Mine:
    """Something that is asked of the reader."""

    what: str
    why: str
    href: str
    clock: Clock | None
    button: str


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and where."""

    what: str
    href: str


@dataclass(frozen=True, slots=True)
class FirstLook:
    """The first screen."""

    tone: str
    says: str
    mine: tuple[Mine, ...]
    others: str
    next: Step | None


def first_look(
    incident: IncidentShown,
    questions: Sequence[QuestionLine],
    tasks: Sequence[TaskLine],
    stages: Sequence[StageLine],
    *,
    leaderless: bool,
) -> FirstLook:
    """Return the first screen; `questions` are the open ones, what runs out first at the top."""
    mine = (*map(_question, (one for one in questions if one.mine)), *map(_task, _my(tasks)))
    return FirstLook(
        tone=_tone(incident),
        says=_says(incident),
        mine=mine,
        others=_others([one for one in questions if not one.mine]),
        next=None if mine else _next(incident, questions, stages, leaderless=leaderless),
    )


def _tone(incident: IncidentShown) -> str:
    if incident.closed_at is not None:
        return "good"
    return "bad" if containment(incident) == NOT_CONTAINED or _unproven(incident) else "calm"


def _says(incident: IncidentShown) -> str:
    """Say what severity and containment alone do not."""
    if incident.closed_at is not None:
        return "Closed."
    orders, unproven = len(incident.orders), _unproven(incident)
    if unproven:
        return f"{unproven} of {orders} orders without proof: it may still be going on."
    if containment(incident) == CONTAINED and orders:
        return f"{_every(orders)} proven."
    if containment(incident) == NOT_CONTAINED:
        return "No order is proven: it may still be going on."
    return ""


def _every(orders: int) -> str:
    """Return all orders as the subject of a sentence, with its verb: `Both orders are`."""
    few = {1: "The one order is", 2: "Both orders are"}
    return few.get(orders, f"All {orders} orders are")


def _unproven(incident: IncidentShown) -> int:
    held = {*IN_FORCE, OrderState.REQUESTED, OrderState.UNPROVEN, OrderState.FAILED} - {OrderState.PROVEN}
    return sum(1 for one in incident.orders if one.state in held)


def _question(one: QuestionLine) -> Mine:
    return Mine(one.title, f"Asked of {one.roles}", one.href, one.clock, "Answer")


def _my(tasks: Sequence[TaskLine]) -> list[TaskLine]:
    return [one for one in tasks if one.open and one.mine and one.closable]


def _task(one: TaskLine) -> Mine:
    return Mine(one.title, one.ask, one.href, one.clock, "Open the task")


def _others(questions: Sequence[QuestionLine]) -> str:
    if not questions:
        return ""
    first = questions[0]
    left = f"{first.clock.text}, " if first.clock else ""
    one = f"“{first.title}”, {left}asked of {first.roles}"
    if len(questions) == 1:
        return f"One question waits for others: {one}."
    return f"{len(questions)} questions wait for others. The most pressing: {one}."


def _next(
    incident: IncidentShown,
    questions: Sequence[QuestionLine],
    stages: Sequence[StageLine],
    *,
    leaderless: bool,
) -> Step | None:
    whole = f"/incidents/{incident.id}"
    if incident.closed_at is not None:
        return Step("Read what came of it", f"{whole}/file")
    if _unproven(incident) or containment(incident) == NOT_CONTAINED:
        return Step("See which lever is not proven, and stop it by other means", "#containment")
    if leaderless:
        return Step("Ask for a lead: nobody leads", f"{whole}/ask/lead_transfer")
    if questions:
        first = questions[0]
        return Step(f"Call somebody who can answer “{first.title}”", "#questions")
    runs = next((one for one in stages if one.state in (STATES["running"], STATES["overdue"])), None)
    return Step(f"{runs.title} goes on, owned by {lower(runs.owner)}", "#loop") if runs else None
