"""Tasks on the pages: one line each, with what its role needs, and the page on which one is closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.owner import OwnerShown
from andon.console.models.task import TaskShown
from andon.console.screens.moments import Clock, Moment, clock, maybe
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import STAGES, Status, lower, plain
from andon.domain.task import Shown, TaskState

STATES: Final = {
    TaskState.OPEN: Status("to do", "·", "quiet"),
    TaskState.DONE: Status("done", "✓", "good"),
    TaskState.CANNOT: Status("can't be done", "-", "warn"),
}
OVERDUE: Final = Status("overdue", "!", "bad")
SHOWN: Final = {
    Shown.REPORT: "What was reported",
    Shown.SEVERITY: "Why this severity",
    Shown.TIMELINE: "Timeline",
    Shown.TIMES: "Times",
    Shown.QUESTIONS: "Open questions",
    Shown.CONTAINMENT: "What is stopped",
    Shown.FALLBACK: "Fallback",
    Shown.GUIDANCE: "Guidance",
    Shown.LOGS: "Logs and traces",
    Shown.GAPS: "Gaps in the evidence",
    Shown.REPRODUCTION: "Inputs to reproduce it with",
    Shown.VERSIONS: "Versions that ran",
    Shown.DATA: "Kinds of data",
    Shown.REACH: "How far it reaches",
    Shown.CAUSE: "What was found",
    Shown.GATE: "Gate",
}


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task, as the page of an incident lists it."""

    id: str
    href: str
    title: str
    ask: str
    role: str
    stage: str
    state: Status
    open: bool
    clock: Clock | None
    note: str
    closed: Moment | None
    mine: bool
    closable: bool
    shows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OwnerBox:
    """Whether the business owner has it in hand; `button` if the reader can say so."""

    name: str
    state: str
    by: str
    due: Clock | None
    button: bool


@dataclass(frozen=True, slots=True)
class TaskScreen:
    """The page of one task."""

    incident: IncidentLine
    task: TaskLine
    acting: str


def task_lines(tasks: Sequence[TaskShown], now: datetime) -> tuple[TaskLine, ...]:
    """Return tasks as the page lists them."""
    return tuple(task_line(one, now) for one in tasks)


def task_line(task: TaskShown, now: datetime) -> TaskLine:
    """Return one task as a line."""
    is_open = task.state is TaskState.OPEN
    return TaskLine(
        id=task.id,
        href=f"/incidents/{task.incident}/tasks/{task.id}",
        title=f"{task.title}: {lower(task.step)}" if task.step else task.title,
        ask=task.ask,
        role=plain(task.role.value),
        stage=STAGES[task.stage],
        state=OVERDUE if is_open and task.overdue else STATES[task.state],
        open=is_open,
        clock=clock(task.due, now) if is_open and task.due else None,
        note=_note(task),
        closed=maybe(task.closed_at, now),
        mine=task.mine,
        closable=task.acting is not None,
        shows=tuple((SHOWN[one.shows], one.path) for one in task.shows),
    )


def task_screen(incident: IncidentShown, task: TaskShown, now: datetime) -> TaskScreen:
    """Return the page of a task."""
    acting = plain(task.acting.value) if task.acting else ""
    return TaskScreen(incident_line(incident, now, linked=True), task_line(task, now), acting)


def owner_box(owner: OwnerShown | None, now: datetime, *, closed: bool, speaks: bool) -> OwnerBox | None:
    """Return how the owner stands to it; None once the incident is closed, or nothing is known."""
    if owner is None or closed:
        return None
    missing = owner.state != "in_hand"
    return OwnerBox(
        name=owner.person,
        state=owner.state,
        by=owner.acknowledged_by or "",
        due=clock(owner.due, now) if missing and owner.due else None,
        button=missing and speaks,
    )


def _note(task: TaskShown) -> str:
    if task.answer:
        return f"answered with {task.answer}"
    if task.closed_by:
        return f"closed by {task.closed_by}"
    if task.closes_with:
        return f"closes with the question: {lower(task.closes_with.value)}"
    return "holds up the closing" if task.follow_up else ""
