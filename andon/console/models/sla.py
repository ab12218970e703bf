"""Every stage of the loop with its owner, its clock and its state, and what will stay on record for ever."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from andon.console.models.clocks import extended_by
from andon.domain.business_time import Term
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.directory import Role
from andon.domain.escalation import QUESTIONS, UNKNOWN, YES
from andon.domain.incident import IncidentView
from andon.domain.playbook import Plan
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import Frozen, Instant

LOOP: Final = tuple(stage for stage in Stage if stage is not Stage.CLOSED)

StageState = Literal["pending", "running", "overdue", "done", "done_late", "not_reached"]


class StageShown(Frozen):
    """One stage of the loop."""

    stage: Stage
    state: StageState
    owner: Role | None
    within: Term | None = Field(description="how long it may take at this severity, as the policy wrote it")
    due: Instant | None = Field(description="of a pending stage: if it began now")
    began_at: Instant | None
    ended_at: Instant | None
    rounds: int = Field(description="how often it has begun")


class EscalationShown(Frozen):
    """One of the seven escalation questions, and what its answer led to."""

    question: str
    answer: str | None = Field(description="`yes`, `no` or `unknown`; None: not answered yet")
    facts: dict[str, str] = Field(description="facts that have at least this value since")
    brought_in: tuple[Role, ...]
    legal_review: bool
    follow_up: str


MarkKind = Literal[
    "breached",
    "late",
    "default",
    "extended",
    "overridden",
    "excepted",
    "repinned",
    "overdue",
    "lowered",
    "lead",
]


class Mark(Frozen):
    """Something out of the ordinary in how the incident was dealt with. It never goes away."""

    kind: MarkKind
    about: str = Field(description="the question or stage")
    detail: str = Field("", description="person, value or decision that goes with it")
    at: Instant | None


def stages_shown(
    view: IncidentView | None, plan: Plan | None, severity: Band, at: Instant
) -> tuple[StageShown, ...]:
    """Return all eleven stages, those to come from the plan."""
    return tuple(_stage(stage, view, plan, severity, at) for stage in LOOP)


def _stage(
    stage: Stage, view: IncidentView | None, plan: Plan | None, severity: Band, at: Instant
) -> StageShown:
    right = plan.stages.get(stage) if plan else None
    owner, within = (right.owner, right.within.get(severity)) if right else (None, None)
    records = [one for one in view.stages if one.stage is stage] if view else []
    if not records or view is None:
        closed = view is not None and view.closed_at is not None
        ahead = plan.stage_due(stage, severity, at) if plan and not closed else None
        return StageShown(
            stage=stage,
            state="not_reached" if closed else "pending",
            owner=owner,
            within=within,
            due=ahead,
            began_at=None,
            ended_at=None,
            rounds=0,
        )
    latest = records[-1]
    due = view.watch_until if stage is Stage.MONITOR and view.watch_until else latest.due
    return StageShown(
        stage=stage,
        state=latest.state,
        owner=latest.owner or owner,
        within=within,
        due=due,
        began_at=latest.began_at,
        ended_at=latest.ended_at,
        rounds=len(records),
    )


def escalation_shown(view: IncidentView | None) -> tuple[EscalationShown, ...]:
    """Return the seven questions in the order in which people are asked."""
    findings = view.findings if view else {}
    shown: list[EscalationShown] = []
    for name, leads_to in QUESTIONS.items():
        answer = findings.get(name)
        heard = answer in (YES, UNKNOWN)
        shown.append(
            EscalationShown(
                question=name,
                answer=answer,
                facts=leads_to.at_least if answer == YES else {},
                brought_in=leads_to.routes if heard else (),
                legal_review=leads_to.legal_review and heard,
                follow_up=leads_to.follow_up if heard else "",
            )
        )
    return tuple(shown)


def marks(view: IncidentView | None) -> tuple[Mark, ...]:
    """Return what is marked for ever, oldest first."""
    if view is None:
        return ()
    found = [mark for record in view.decisions for mark in _marks_of(record, view)]
    found += [Mark(kind="overdue", about=one.stage.value, at=one.due) for one in view.stages if one.overdue]
    return tuple(sorted(found, key=lambda one: one.at or view.opened_at))


def _marks_of(record: DecisionRecord, view: IncidentView) -> list[Mark]:
    request = record.request
    found: list[Mark] = []
    if record.breached:
        found.append(Mark(kind="breached", about=request.id, at=request.deadline))
    if record.defaulted:
        found.append(
            Mark(kind="default", about=request.id, detail=request.default or "", at=request.default_at)
        )
    found += [
        Mark(kind="late", about=request.id, detail=one.person, at=one.received_at)
        for one in record.accepted
        if one.late
    ]
    if extension := extended_by(record, view.decisions):
        found.append(Mark(kind="extended", about=request.id, detail=extension, at=request.opened_at))
    if (decided := _DECIDED.get((request.kind, record.outcome or ""))) is not None:
        kind, code = decided
        found.append(
            Mark(kind=kind, about=request.id, detail=request.about.get(code, ""), at=record.closed_at)
        )
    return found


_DECIDED: Final[dict[tuple[DecisionKind, str], tuple[MarkKind, str]]] = {
    (DecisionKind.EXECUTIVE_OVERRIDE, "lift"): ("overridden", ""),
    (DecisionKind.GATE_EXCEPTION, "grant"): ("excepted", "hours"),
    (DecisionKind.THRESHOLD_CHANGE, "accept"): ("repinned", "pin"),
    (DecisionKind.SEVERITY_DOWNGRADE, "lower"): ("lowered", "severity"),
    (DecisionKind.LEAD_TRANSFER, "hand_over"): ("lead", "to"),
}
