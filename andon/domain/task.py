"""Tasks: what each function has to do in an incident, until when, and how it ended.

Stage tasks are given when their stage begins, follow-ups when an escalation question calls for them.
A task that one of the loop's questions answers closes with that question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field

from andon.domain.business_time import Term
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import Carried, Frozen, Instant, PersonId, Sha256Hex, Spare


class Shown(StrEnum):
    """What a role needs in the moment: the part of an incident that is shown with a task."""

    REPORT = "report"
    SEVERITY = "severity"
    TIMELINE = "timeline"
    TIMES = "times"
    QUESTIONS = "questions"
    CONTAINMENT = "containment"
    FALLBACK = "fallback"
    GUIDANCE = "guidance"
    LOGS = "logs"
    GAPS = "gaps"
    REPRODUCTION = "reproduction"
    VERSIONS = "versions"
    DATA = "data"
    REACH = "reach"
    CAUSE = "cause"
    GATE = "gate"


class TaskState(StrEnum):
    """How a task stands."""

    OPEN = "open"
    DONE = "done"
    CANNOT = "cannot"


class ByHand(StrEnum):
    """What a person does in place of a lever."""

    HOLD = "hold"
    RELEASE = "release"


class TaskRule(Spare):
    """One task of the policy, as a plan carries it."""

    role: Role
    stage: Stage
    at: tuple[Band, ...] = Field((), description="severities at which it is given; empty: every one")
    follows: str = Field("", description="the follow-up it carries out; empty: it comes with its stage")
    within: dict[Band, Term] = Field(default_factory=dict, description="instead of the stage's clock")
    closes_with: DecisionKind | None = Field(None, description="question whose answer closes it")
    by_hand: ByHand | None = Field(None, description="it comes with a step that no lever carries out")
    look_back_days: int | None = Field(
        None, ge=1, le=3660, description="earlier outputs to go through; it is done only with what was found"
    )

    sampled: bool = Field(
        False,
        description="it looks at a share of the outputs while it is watched, if its file states one",
    )

    def applies(self, band: Band) -> bool:
        """Whether it is given at a severity."""
        return not self.at or band in self.at


class TaskWording(Frozen):
    """What people are shown of a task. Never enters Temporal."""

    title: str = Field(min_length=1, max_length=80)
    ask: str = Field(min_length=1, max_length=300)
    shows: tuple[Shown, ...] = Field(min_length=1)


class LookBack(Carried):
    """Earlier outputs that are gone through, and what was found."""

    since: Instant = Field(description="how far back is to be looked")
    looked_since: Instant | None = Field(None, description="how far back was looked; None: nobody has yet")
    found: int | None = Field(None, description="cases that were found")


class Task(Carried):
    """One task of one incident."""

    id: str = Field(description="`<code>-<n>`")
    code: str
    role: Role
    stage: Stage
    given_at: Instant
    due: Instant | None = None
    follow_up: bool = False
    order: str = Field("", description="the order that it carries out by hand, or undoes")
    closes_with: DecisionKind | None = None
    state: TaskState = TaskState.OPEN
    closed_by: PersonId | None = None
    closed_at: Instant | None = None
    reason: Sha256Hex | None = Field(None, description="digest of the encrypted text of the reason")
    answer: str = Field("", description="the question that closed it")
    reminded: bool = False
    overdue: bool = Field(False, description="it was open when it was due; that is on record")
    look_back: LookBack | None = Field(None, description="earlier outputs it goes through, if it does")
    sampled: bool = Field(False, description="it looks at a share of the outputs: a bad one is a relapse")

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state is TaskState.OPEN

    @property
    def clocked(self) -> bool:
        """Whether it has a clock of its own; what closes with a question goes by that one's."""
        return self.open and self.due is not None and self.closes_with is None


def current(task: Task, records: Iterable[DecisionRecord]) -> Task:
    """Return a task as it stands, with what people have decided since it was given."""
    if not task.open or task.closes_with is None:
        return task
    for record in records:
        settled = record.outcome is not None and record.closed_at is not None
        if record.request.kind is task.closes_with and settled and _since(record, task):
            changes = {
                "state": TaskState.DONE,
                "answer": record.request.id,
                "closed_by": record.accepted[-1].person if record.accepted else None,
                "closed_at": record.closed_at,
            }
            return task.model_copy(update=changes)
    return task


def _since(record: DecisionRecord, task: Task) -> bool:
    return record.closed_at is not None and record.closed_at >= task.given_at


def wanted(
    rules: Mapping[str, TaskRule], band: Band, *, stage: Stage | None = None, follows: Iterable[str] = ()
) -> dict[str, TaskRule]:
    """Return the tasks that belong to a stage, or carry out follow-ups, at a severity."""
    codes = frozenset(follows)
    return {
        code: rule
        for code, rule in rules.items()
        if rule.applies(band)
        and rule.by_hand is None
        and (rule.follows in codes if rule.follows else rule.stage is stage)
    }
