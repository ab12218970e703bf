"""An incident as people are shown it, in a list and whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from andon.console.models.called import Called, ExternalShown, OfferedShown, RoleJoined
from andon.console.models.decision import Around, DecisionShown, decision_shown
from andon.console.models.evidence import EvidenceSummary, evidence_summary
from andon.console.models.known import Explained, TimesShown
from andon.console.models.owner import OwnerShown, owner_shown
from andon.console.models.sla import (
    EscalationShown,
    Mark,
    StageShown,
    escalation_shown,
    marks,
    stages_shown,
)
from andon.console.models.stopping import Stopping
from andon.console.models.tied import Tied
from andon.console.wording import Wordings
from andon.domain.change import Change
from andon.domain.containment import OrderState, Proof, Verb
from andon.domain.cost import Cost
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceRow
from andon.domain.finding import FailureClass
from andon.domain.gate import ADVICE, EvaluationResult, Gate, Shut
from andon.domain.impact import Impact
from andon.domain.incident import Ending, IncidentView, OpenIncident, OrderRecord, workflow_id
from andon.domain.ledger import Head
from andon.domain.lessons import Causes
from andon.domain.release import ReleaseCourse
from andon.domain.sender import SenderSaid
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage, StageRecord
from andon.domain.values import Frozen, IncidentId, Instant, PersonId, Sha256Hex
from andon.register.incidents import IncidentHead, IncidentRow
from andon.register.links import Link


class Failure(Frozen):
    """What kind of failure it was: one class, by the cause, and further ones that people named."""

    primary: FailureClass
    further: tuple[FailureClass, ...] = ()


class IncidentListed(Frozen):
    """One line of the list."""

    id: IncidentId
    url: str
    title: str | None = Field(description="None: not for this role, or lost")
    system: str
    state: Literal["open", "closed"]
    stage: Stage
    severity: Band
    classification: Classification
    provisional: bool
    containment_required: bool
    contained: bool
    opened_at: Instant
    next_deadline: Instant | None
    closed_at: Instant | None
    recurrence_of: IncidentId | None
    exercise: bool
    failure: Failure | None = Field(None, description="the class of failure; None: no cause is named yet")


class IncidentList(Frozen):
    """One page of the list, newest first."""

    incidents: tuple[IncidentListed, ...]
    next: IncidentId | None = Field(description="send it as `before` for the page after this one")


class OrderShown(Frozen):
    """One containment order and how far it has come."""

    id: str
    lever: str
    adapter: str
    verb: Verb
    target: str
    limit: int
    state: OrderState
    authority: str
    assignee: Role
    reason: str
    contact: str
    ordered_at: Instant
    expires_at: Instant
    applied_at: Instant | None
    captured: Sha256Hex | None
    gap: str | None
    cost: Cost | None = Field(description="what it is expected to cost while it stands")
    proof: Proof | None
    still_open: str = Field(
        "",
        description="what is open of it, in codes: `unproven: no_traffic`, "
        "`partial: consumer held, spans not`, `waiting for caches until 09:00:00 UTC`, `in_flight: 2`; "
        "empty where nothing is",
    )
    attempts: int
    released_at: Instant | None
    kept: bool = Field(description="the incident closed with it, by a decision on record")


class RuleShown(Frozen):
    """One severity rule that fired, and why it is there."""

    rule: str
    why: str


class GateShown(Frozen):
    """Whether the AI system may be put to the restart decision."""

    open: bool
    reasons: tuple[Shut, ...]
    advice: tuple[str, ...]
    beside: tuple[str, ...] = Field((), description="what else to look at before a restart is decided")


class Heads(Frozen):
    """The ends of the chains, from two places that must agree."""

    workflow: Head
    response: Head
    access: Head


class TemporalPlace(Frozen):
    """Where the incident's workflow can be looked at."""

    workflow_id: str
    url: str | None


class IncidentShown(IncidentListed):
    """One incident, whole."""

    source: str
    channel: str
    type: str | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    external: tuple[ExternalShown, ...] = Field(description="what public taxonomies call it")
    joined_roles: tuple[RoleJoined, ...] = Field(description="who belongs to it by policy, and why")
    registered: bool = Field(description="whether somebody has registered the AI system")
    offered: tuple[OfferedShown, ...] = Field(description="evidence that its reports brought")
    merged_into: IncidentId | None = Field(description="the incident that decides for this one")
    taken_in: tuple[IncidentId, ...] = Field(description="the incidents this one decides for")
    promoted_from: str | None = Field(description="the quality issue it was")
    split_from: IncidentId | None = Field(description="the incident its detection was part of")
    links: tuple[Link, ...]
    explained: Explained | None = Field(
        None, description="why it is as severe as it is, and what is known of it"
    )
    stopping: Stopping | None = Field(None, description="on what terms it is stopped")
    times: TimesShown | None = Field(None, description="when it happened, was seen, was said, and was known")
    version: int = Field(description="rises with every change; 0: the workflow has not begun")
    started_at: Instant | None
    detected_at: Instant | None
    contained_at: Instant | None
    fixed_at: Instant | None
    watch_until: Instant | None
    release: ReleaseCourse | None = Field(description="the steps it is let go in; null: all at once")
    ending: Ending | None
    fired_rules: tuple[str, ...]
    reasons: tuple[RuleShown, ...] = Field(description="what the fired rules say")
    guidance: str = Field(description="what the playbook tells those who work with the AI system")
    joined: int
    refused: int
    relapses: int
    findings: dict[str, str]
    changes: tuple[Change, ...] = Field((), description="what is changed because of it, as it stands now")
    impact: Impact = Field(Impact(), description="counts, hypotheses and affected records, as on record")
    file: Sha256Hex | None
    lead: PersonId | None = Field(description="the one named incident lead")
    leaderless: bool = Field(description="nobody leads, or whoever does can't any more; that is on record")
    owner: OwnerShown | None = Field(description="the business owner, and whether they have it in hand")
    stages: tuple[StageRecord, ...]
    sla: tuple[StageShown, ...] = Field(description="all eleven stages, those to come too")
    escalation: tuple[EscalationShown, ...] = Field(description="the seven questions, and what they led to")
    marks: tuple[Mark, ...] = Field(description="what stays on record for ever, oldest first")
    undelivered: tuple[str, ...] = Field(description="notices that have reached nobody")
    senders: tuple[SenderSaid, ...] = Field(
        description="what the programs that reported say now; it closes and releases nothing"
    )
    orders: tuple[OrderShown, ...]
    decisions: tuple[DecisionShown, ...]
    evidence: EvidenceSummary | None
    evaluation: EvaluationResult | None
    gate: GateShown | None
    heads: Heads
    temporal: TemporalPlace

    def decision(self, decision: str) -> DecisionShown | None:
        """Return the question with this id."""
        return next((one for one in self.decisions if one.id == decision), None)


def failure_of(row: IncidentHead, causes: Causes) -> Failure | None:
    """Return the class of an incident's failure by its cause; None before one is named."""
    if row.root_cause is None:
        return None
    primary = causes.failure_class(row.root_cause)
    named = (row.also_class or "").split(",")
    return Failure(
        primary=primary, further=tuple(one for one in FailureClass if one in named and one is not primary)
    )


def incident_listed(row: IncidentHead, url: str, title: str | None, causes: Causes) -> IncidentListed:
    """Return one line of the list."""
    return IncidentListed(
        id=row.incident,
        url=f"{url}/incidents/{row.incident}",
        title=title,
        system=row.system,
        state="closed" if row.closed_at else "open",
        stage=row.stage,
        severity=row.severity,
        classification=row.classification,
        provisional=row.provisional,
        containment_required=row.containment_required,
        contained=row.contained,
        opened_at=row.opened_at,
        next_deadline=row.next_deadline,
        closed_at=row.closed_at,
        recurrence_of=row.recurrence_of,
        exercise=row.exercise,
        failure=failure_of(row, causes),
    )


def incident_shown(
    row: IncidentRow,
    listed: IncidentListed,
    *,
    heads: Heads,
    temporal: TemporalPlace,
    wordings: Wordings,
    at: datetime,
    around: Around,
    called: Called,
    tied: Tied,
) -> IncidentShown:
    """Return an incident whole, as it is shown at a moment.

    Before its workflow has begun there is only what the door knew of it.
    """
    view, opening = row.view, row.opening
    plan = opening.plan if opening else None
    return IncidentShown(
        **dict(listed),
        **dict(called),
        **dict(tied),
        source=row.source,
        channel=row.channel,
        type=row.type,
        started_at=row.started_at,
        heads=heads,
        temporal=temporal,
        **_why(row, wordings),
        lead=view.lead if view else plan.owner if plan else None,
        leaderless=view is not None and view.closed_at is None and view.lead_gone,
        owner=owner_shown(view, plan) if plan else None,
        sla=stages_shown(view, plan, row.severity, at),
        escalation=escalation_shown(view),
        marks=marks(view),
        undelivered=view.undelivered if view else (),
        senders=view.senders if view else (),
        **(_of_view(view, plan.rows if plan else (), wordings, at, around) if view else _early(opening)),
    )


def _why(row: IncidentRow, wordings: Wordings) -> dict[str, object]:
    """Return what the pinned policy says of it: the rules that fired, and what to do."""
    view, opening = row.view, row.opening
    plan = opening.plan if opening else None
    fired = view.fired_rules if view else opening.fired_rules if opening else ()
    return {
        "fired_rules": fired,
        "reasons": tuple(
            RuleShown(rule=rule, why=wordings.why(plan.policy, rule) if plan else "") for rule in fired
        ),
        "guidance": wordings.guidance(plan.policy, plan.playbook) if plan else "",
    }


_EMPTY: dict[str, object] = {
    "version": 0,
    "contained_at": None,
    "fixed_at": None,
    "watch_until": None,
    "release": None,
    "ending": None,
    "joined": 0,
    "refused": 0,
    "relapses": 0,
    "findings": {},
    "impact": Impact(),
    "file": None,
    "stages": (),
    "evaluation": None,
}
_SAME = (*_EMPTY, "detected_at")


def _early(opening: OpenIncident | None) -> dict[str, object]:
    """Return what stands where the view's fields will, before there is a view."""
    return {
        **_EMPTY,
        "detected_at": opening.detected_at if opening else None,
        "decisions": (),
        "evidence": None,
        "orders": (),
        "gate": None,
    }


def temporal_place(incident: IncidentId, ui_url: str, namespace: str) -> TemporalPlace:
    """Return where the workflow can be looked at; the page knows nothing that these roles may not see."""
    name = workflow_id(incident)
    page = f"{ui_url}/namespaces/{quote(namespace, safe='')}/workflows/{quote(name, safe='')}"
    return TemporalPlace(workflow_id=name, url=page if ui_url else None)


def _of_view(
    view: IncidentView, rows: Sequence[EvidenceRow], wordings: Wordings, at: datetime, around: Around
) -> dict[str, object]:
    same = {name: getattr(view, name) for name in _SAME}
    return {
        **same,
        "changes": tuple(view.changes.values()),
        "orders": tuple(_order(record) for record in view.orders),
        "decisions": tuple(decision_shown(record, wordings, at, around) for record in view.decisions),
        "evidence": evidence_summary(view, rows),
        "gate": _gate(view.gate) if view.gate else None,
    }


def _order(record: OrderRecord) -> OrderShown:
    order, applied = record.order, record.applied
    return OrderShown(
        id=order.id,
        lever=order.lever.id,
        adapter=order.lever.adapter,
        verb=order.lever.verb,
        target=order.lever.target,
        limit=order.limit,
        state=record.state,
        authority=order.authority,
        assignee=order.assignee,
        reason=order.reason,
        contact=order.contact,
        ordered_at=order.ordered_at,
        expires_at=order.expires_at,
        applied_at=applied.at if applied else None,
        captured=applied.captured if applied else None,
        gap=applied.gap if applied else None,
        cost=order.cost,
        proof=record.proof,
        still_open=record.still_open,
        attempts=record.attempts,
        released_at=record.released_at,
        kept=record.kept,
    )


def _gate(gate: Gate) -> GateShown:
    return GateShown(
        open=gate.open, reasons=gate.reasons, advice=tuple(ADVICE[reason] for reason in gate.reasons)
    )
