"""Tasks as people see them: what is to be done, until when, and what its role needs in the moment."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import Field

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role, Standing
from andon.domain.stage import Stage
from andon.domain.task import LookBack, Shown, Task, TaskState, TaskWording
from andon.domain.values import Frozen, IncidentId, Instant, PersonId


class Place(Frozen):
    """One part of the incident that is shown with a task."""

    shows: Shown
    path: str = Field(description="on the pages of this console")
    command: str


class TaskShown(Frozen):
    """One task of one incident."""

    id: str
    incident: IncidentId
    url: str
    code: str
    title: str
    ask: str
    role: Role
    stage: Stage
    state: TaskState
    given_at: Instant
    due: Instant | None = Field(description="None: it has no clock, or goes by that of `closes_with`")
    overdue: bool
    follow_up: bool = Field(description="it came of an escalation question; the incident can't close over it")
    closes_with: DecisionKind | None = Field(description="question whose answer closes it")
    answer: str | None = Field(description="the question that closed it")
    step: str = Field("", description="the step of containment that a person carries out with it")
    closed_by: PersonId | None
    closed_at: Instant | None
    mine: bool = Field(description="it belongs to a role you hold, or stand in for")
    acting: Role | None = Field(description="the role you may close it in now; None: you may not")
    shows: tuple[Place, ...]
    look_back: LookBack | None = Field(
        None, description="earlier outputs it goes through; it closes with what was found"
    )


class TaskList(Frozen):
    """Tasks, what is due first at the top."""

    tasks: tuple[TaskShown, ...]


def task_shown(
    task: Task,
    wording: TaskWording,
    incident: IncidentId,
    url: str,
    *,
    mine: bool,
    acting: Role | None,
    step: str = "",
) -> TaskShown:
    """Return one task as it is shown."""
    return TaskShown(
        id=task.id,
        incident=incident,
        url=f"{url}/incidents/{incident}/tasks/{task.id}",
        code=task.code,
        title=wording.title,
        ask=wording.ask,
        role=task.role,
        stage=task.stage,
        state=task.state,
        given_at=task.given_at,
        due=task.due if task.closes_with is None else None,
        overdue=task.overdue,
        follow_up=task.follow_up,
        closes_with=task.closes_with,
        answer=task.answer or None,
        step=step,
        closed_by=task.closed_by,
        closed_at=task.closed_at,
        mine=mine,
        acting=acting if task.open else None,
        shows=tuple(place_of(one, incident) for one in wording.shows),
        look_back=task.look_back,
    )


def place_of(shows: Shown, incident: IncidentId) -> Place:
    """Return where a part of an incident is to be seen."""
    path, command = _PLACES[shows]
    here = f"/incidents/{quote(incident)}"
    return Place(shows=shows, path=path.format(here=here), command=command.format(incident=incident))


_PLACES: Final[dict[Shown, tuple[str, str]]] = {
    Shown.REPORT: ("{here}", "andon show {incident}"),
    Shown.SEVERITY: ("{here}#why", "andon show {incident}"),
    Shown.TIMELINE: ("{here}#timeline", "andon audit timeline {incident}"),
    Shown.TIMES: ("{here}#timeline", "andon audit timeline {incident}"),
    Shown.QUESTIONS: ("{here}#questions", "andon show {incident}"),
    Shown.CONTAINMENT: ("{here}#containment", "andon show {incident}"),
    Shown.FALLBACK: ("/systems", "andon systems"),
    Shown.GUIDANCE: ("{here}", "andon show {incident}"),
    Shown.LOGS: ("{here}/evidence", "andon evidence list {incident}"),
    Shown.GAPS: ("{here}#evidence", "andon evidence list {incident}"),
    Shown.REPRODUCTION: ("{here}/evidence", "andon evidence list {incident}"),
    Shown.VERSIONS: ("{here}/evidence", "andon evidence list {incident}"),
    Shown.DATA: ("{here}#reach", "andon show {incident}"),
    Shown.REACH: ("{here}#reach", "andon impact {incident}"),
    Shown.CAUSE: ("{here}#why", "andon show {incident}"),
    Shown.GATE: ("{here}#gate", "andon gate {incident}"),
}


def acting_for(task: Task, role: Role | None, standing: Standing, *, leads: bool) -> Role | None:
    """Return the role in which somebody may close a task: its own, lent to them, or whoever leads."""
    if role is task.role or role is Role.INCIDENT_LEAD:
        return role
    if task.role not in standing.roles and standing.speaks_as(task.role):
        return task.role
    return role if leads else None
