"""The incident: what opens it, what its workflow remembers, and what others are shown of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from andon.domain.acknowledgement import Acknowledgement, acknowledge_by, acknowledgement
from andon.domain.change import Change
from andon.domain.classification import ExternalId
from andon.domain.clock import alarms
from andon.domain.containment import Applied, Order, OrderState, Proof
from andon.domain.decision import DecisionKind, DecisionRecord, Exclusion
from andon.domain.detection import Category, Tag
from andon.domain.directory import Role
from andon.domain.evidence import Seal
from andon.domain.evidence_hold import EvidenceHold
from andon.domain.explained import Explained
from andon.domain.facts import Weighed
from andon.domain.fallback import FallbackRun
from andon.domain.gate import EvaluationResult, Gate, GateException
from andon.domain.impact import Impact
from andon.domain.ledger import Entry, Head
from andon.domain.merging import Merge, TakenIn
from andon.domain.mode import Foreseen, Mode
from andon.domain.notice import Notice
from andon.domain.playbook import Plan
from andon.domain.release import Asked, ReleaseCourse
from andon.domain.response import Refusal
from andon.domain.sender import SenderSaid
from andon.domain.sessions import SESSIONS_AT_MOST
from andon.domain.severity import Band, Classification
from andon.domain.signing import Envelope
from andon.domain.stage import Stage, StageRecord
from andon.domain.task import Task, current
from andon.domain.times import Correction
from andon.domain.unproven import still_open
from andon.domain.values import NOTHING_YET, Carried, IncidentId, Instant, PersonId, Sha256Hex


def workflow_id(incident: IncidentId) -> str:
    """Return the id of an incident's workflow."""
    return f"incident/{incident}"


class Ending(StrEnum):
    """How an incident ended."""

    RESTARTED = "restarted"
    FALSE_POSITIVE = "false_positive"
    QUALITY_ISSUE = "quality_issue"
    NOT_RESTARTED = "not_restarted"
    MERGED = "merged"


class OpenIncident(Carried):
    """What the door hands to the workflow: ids, codes, times and the pinned plan. No free text."""

    incident: IncidentId
    detection: str = Field(description="id of the first detection")
    source: str = Field(description="who sent it: `person:<id>` or `source:<id>`")
    channel: str
    type: str | None
    opened_at: Instant
    occurred_at: Instant | None
    detected_at: Instant
    severity: Band
    classification: Classification
    provisional: bool
    containment_required: bool
    harm_goes_on: bool = Field(
        False, description="as reported: then glass may be broken at critical severity"
    )
    fired_rules: tuple[str, ...]
    title: Sha256Hex = Field(description="digest of the encrypted title")
    trace_ids: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    external: tuple[ExternalId, ...] = Field((), description="what public taxonomies call it")
    unregistered: bool = Field(False, description="nobody had registered the AI system when it opened")
    recurrence_of: IncidentId | None = None
    promoted_from: str | None = Field(None, description="the quality issue it was, if it was one")
    split_from: IncidentId | None = Field(None, description="the incident its detection was part of")
    exercise: bool = False
    intake: Envelope | None = Field(None, description="what the door signed of the first detection")
    plan: Plan
    carried: IncidentState | None = Field(None, description="what the run before remembers, if there was one")


class Arrival(Carried):
    """A detection as it reaches the workflow."""

    detection: str
    received_at: Instant
    source: str
    channel: str


class Received(Carried):
    """What the workflow answers to a detection."""

    stage: Stage
    joined: int


class Duplicates(Carried):
    """Detections that joined an open incident, told to its workflow in counted batches."""

    count: int = Field(ge=1, le=1_000_000)
    last_received_at: Instant
    detections: tuple[str, ...] = Field((), max_length=50)
    graver: bool = Field(False, description="together with these the incident is to be weighed anew")
    sessions: tuple[str, ...] = Field((), max_length=SESSIONS_AT_MOST, description="they name, by digest")
    brought: bool = Field(False, description="they brought evidence")


class Answered(Carried):
    """What became of a response."""

    decision: str
    accepted: bool
    refusal: Refusal | None = None
    late: bool = False
    outcome: str | None = Field(None, description="the option the decision has settled on, if it has")


class OrderRecord(Carried):
    """An order and how far it has come."""

    order: Order
    state: OrderState = OrderState.REQUESTED
    applied: Applied | None = None
    proof: Proof | None = None
    attempts: int = 0
    released_at: Instant | None = None
    kept: bool = Field(False, description="the incident closed with it, by a decision on record")

    @property
    def still_open(self) -> str:
        """What is open of it, in codes; empty where nothing is."""
        return still_open(self.state, self.order.lever, self.applied, self.proof)

    until: Instant | None = Field(None, description="until when it was extended, if it was")
    expired: bool = Field(False, description="its time is up, and nobody has said yet what is to be done")


class Exhibit(Carried):
    """A signed statement that waits for its batch of ledger entries to be stored."""

    digest: Sha256Hex
    envelope: Envelope


class IncidentState(BaseModel):
    """What an incident's workflow remembers; carried over whole when the run continues as new.

    Ledger entries, statements and notices are held here only until their batch is acknowledged.
    """

    model_config = ConfigDict(extra="ignore")

    stage: Stage = Stage.DETECT
    stages: list[StageRecord] = Field(default_factory=list)
    severity: Band
    classification: Classification
    ending: Ending | None = None
    closed_at: Instant | None = None

    head: Head = Head()
    acknowledged: int = 0
    pending: list[Entry] = Field(default_factory=list)
    exhibits: list[Exhibit] = Field(default_factory=list)
    outbox: list[Notice] = Field(default_factory=list)

    orders: dict[str, OrderRecord] = Field(default_factory=dict)
    alarms: int = Field(0, description="how often its workflow was found ended or set back")
    deviations: dict[str, int] = Field(
        default_factory=dict, description="order -> how often it was not seen to hold"
    )
    contained_at: Instant | None = None
    foreseen: list[Foreseen] = Field(default_factory=list, description="what would be held, were it enforced")
    enforced_by: str = Field("", description="what had the orders given that were only foreseen")
    mode_settled: bool = Field(False, description="triage has said whether they are given")
    fallbacks: list[FallbackRun] = Field(default_factory=list)
    evidence_hold: EvidenceHold | None = None
    impact: Impact = Impact()
    decisions: dict[str, DecisionRecord] = Field(default_factory=dict)
    nonces: list[str] = Field(default_factory=list)
    refusals: dict[str, int] = Field(
        default_factory=dict, description="`<decision>/<person>` -> refused answers"
    )

    snapshots: int = 0
    seals: list[Seal] = Field(default_factory=list)
    reevaluations: int = 0
    evaluation: EvaluationResult | None = None
    gate: Gate | None = None
    exception: GateException | None = Field(None, description="what lets it run although the gate is shut")
    pin: str = Field("", description="begin of the pin of rules that were accepted since it opened")
    fixed_at: Instant | None = None
    fixes: int = 0
    restarts: int = Field(0, description="restart decisions that have been acted on")
    fixers: list[PersonId] = Field(default_factory=list)
    approved_versions: Sha256Hex | None = None

    joined: int = 0
    graver: bool = Field(False, description="what joined says more than was weighed")
    sessions: list[str] = Field(default_factory=list, description="that joined detections named, by digest")
    quarantined: int = Field(0, description="how many of them have been dealt with")
    brought: int = Field(0, description="batches of joined detections that brought evidence")
    brought_in: int = Field(0, description="how many of them a snapshot has taken in")
    merge: Merge | None = Field(None, description="what it was merged into, while it is")
    let_go_noted: bool = Field(False, description="the other one's decision is on record here")
    taken_in: dict[IncidentId, TakenIn] = Field(default_factory=dict, description="what was merged into it")
    relapses: int = 0
    relapse: str | None = Field(None, description="what was seen of a relapse that is not dealt with yet")
    reported: list[str] = Field(default_factory=list, description="children that say they are done")
    release: ReleaseCourse | None = Field(None, description="the steps it is let go in; None: all at once")
    release_asked: Asked | None = Field(None, description="what a person wants of it that is not done yet")
    watches: int = 0
    watch_until: Instant | None = None
    explained: Explained | None = Field(None, description="what users were told of the restart")
    watch_unread: str = Field("", description="signals without a number when the watch ended, by name")
    failed_snapshots: list[int] = Field(default_factory=list)
    file: Sha256Hex | None = Field(None, description="digest of the incident file")
    findings: dict[str, str] = Field(default_factory=dict)
    changes: dict[str, Change] = Field(
        default_factory=dict, description="what is changed because of it, by id"
    )
    lead: PersonId | None = Field(None, description="the one named incident lead")
    legal_called: bool = Field(False, description="legal is to be asked whatever the severity")
    assessed: bool = Field(False, description="the impact has been stated once")
    joined_roles: list[Role] = Field(default_factory=list, description="who belongs to it by the table")
    lifted: list[Exclusion] = Field(default_factory=list, description="exclusions an executive has lifted")
    granted: dict[PersonId, Instant] = Field(
        default_factory=dict, description="who may read originals of evidence, and until when"
    )
    acted_on: list[str] = Field(default_factory=list, description="decisions people asked for, carried out")
    undelivered: list[str] = Field(default_factory=list, description="notices that reached nobody")
    senders: list[SenderSaid] = Field(default_factory=list, description="what those who reported say now")
    owner_stated: list[Acknowledgement] = Field(
        default_factory=list, description="the first declaration of somebody who speaks as the owner"
    )
    owner_overdue: bool = Field(False, description="nothing was heard of the owner in time")
    lead_gone: bool = Field(False, description="whoever leads can't any more")
    lead_missed: bool = Field(False, description="it is on record that nobody leads")
    tasks: dict[str, Task] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict, description="facts as people stated them")
    weighed: Weighed | None = Field(None, description="what was found when facts were last stated")
    corrections: list[Correction] = Field(default_factory=list, description="times set right")
    closing_waits: bool = Field(False, description="it is on record that follow-ups hold up the closing")

    @property
    def evidence_root(self) -> Sha256Hex:
        """Root of the newest sealed snapshot."""
        return self.seals[-1].root if self.seals else NOTHING_YET

    @property
    def contained(self) -> bool:
        """Whether every order not yet released is proven. Without one there is nothing to call contained."""
        standing = [one.state for one in self.orders.values() if one.state is not OrderState.RELEASED]
        return bool(standing) and all(state in (OrderState.PROVEN, OrderState.EXPIRED) for state in standing)

    def of(self, kind: DecisionKind) -> list[DecisionRecord]:
        """The questions of one kind, oldest first."""
        return [record for record in self.decisions.values() if record.request.kind is kind]


def state_of(opening: OpenIncident) -> IncidentState:
    """Return what the run before carried over, or the state of an incident just opened."""
    steps = opening.plan.release
    return opening.carried or IncidentState(
        severity=opening.severity,
        classification=opening.classification,
        lead=opening.plan.leads,
        release=ReleaseCourse(steps=steps) if len(steps) > 1 else None,
    )


class IncidentView(Carried):
    """What the register, and through it people, are shown of an incident."""

    incident: IncidentId
    version: int = Field(description="rises with every change; an older view never replaces a newer one")
    system: str
    stage: Stage
    stages: tuple[StageRecord, ...]
    severity: Band
    classification: Classification
    provisional: bool
    fired_rules: tuple[str, ...]
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    ending: Ending | None
    opened_at: Instant
    detected_at: Instant
    closed_at: Instant | None
    contained: bool
    contained_at: Instant | None
    orders: tuple[OrderRecord, ...]
    decisions: tuple[DecisionRecord, ...]
    next_deadline: Instant | None
    seals: tuple[Seal, ...]
    evaluation: EvaluationResult | None
    gate: Gate | None
    exception: GateException | None = None
    fixed_at: Instant | None
    watch_until: Instant | None
    relapses: int
    release: ReleaseCourse | None = None
    joined: int
    refused: int
    findings: dict[str, str]
    changes: dict[str, Change] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    merged_into: IncidentId | None = None
    taken_in: dict[IncidentId, TakenIn] = Field(default_factory=dict)
    lead: PersonId | None = None
    joined_roles: tuple[Role, ...] = ()
    granted: dict[PersonId, Instant] = Field(default_factory=dict)
    undelivered: tuple[str, ...] = ()
    senders: tuple[SenderSaid, ...] = ()
    acknowledgement: Acknowledgement | None = Field(None, description="the first word of the owner")
    acknowledge_by: Instant | None = None
    owner_overdue: bool = False
    lead_gone: bool = False
    tasks: tuple[Task, ...] = ()
    mode: Mode = Mode.ENFORCE
    foreseen: tuple[Foreseen, ...] = ()
    enforced_by: str = ""
    fallbacks: tuple[FallbackRun, ...] = ()
    evidence_hold: EvidenceHold | None = None
    impact: Impact = Impact()
    file: Sha256Hex | None
    head: Head
    exercise: bool
    rest: dict[str, JsonValue] = Field(
        default_factory=dict, description="what else its workflow remembers, to go on from; shown to nobody"
    )


WAITING: Final = frozenset({"pending", "exhibits", "outbox"})
"""What a workflow holds only until its batch is acknowledged."""
DERIVED: Final = frozenset({"tasks", "lead_gone", "orders", "decisions", "head", "acknowledged"})
"""Fields that a view has in another form than the state."""
SHOWN: Final = frozenset(IncidentState.model_fields) & frozenset(IncidentView.model_fields) - DERIVED
"""What a view shows as the workflow remembers it."""
REST: Final = frozenset(IncidentState.model_fields) - SHOWN - WAITING - (DERIVED - {"tasks", "lead_gone"})


def next_deadline(state: IncidentState) -> Instant | None:
    """Return the earliest moment at which something falls due."""
    ahead = [alarm.at for record in state.decisions.values() for alarm in alarms(record)[:1]]
    return min(ahead, default=None)


def view_of(opening: OpenIncident, state: IncidentState) -> IncidentView:
    """Return what others are shown of the incident as it stands."""
    same = {name: getattr(state, name) for name in SHOWN}
    return IncidentView(
        incident=opening.incident,
        version=state.head.length,
        system=opening.plan.system,
        provisional=state.weighed.provisional if state.weighed else opening.provisional,
        fired_rules=state.weighed.fired_rules if state.weighed else opening.fired_rules,
        categories=opening.categories,
        tags=opening.tags,
        opened_at=opening.opened_at,
        detected_at=opening.detected_at,
        contained=state.contained,
        orders=tuple(state.orders.values()),
        decisions=tuple(state.decisions.values()),
        next_deadline=next_deadline(state),
        refused=sum(state.refusals.values()),
        merged_into=state.merge.into if state.merge else None,
        acknowledgement=acknowledgement(opening.plan.owner, state.decisions.values(), state.owner_stated),
        acknowledge_by=acknowledge_by(state.decisions.values()),
        lead_gone=state.lead_gone or state.lead is None,
        tasks=tuple(current(task, state.decisions.values()) for task in state.tasks.values()),
        mode=opening.plan.mode,
        head=state.head,
        exercise=opening.exercise,
        rest=state.model_dump(mode="json", include=set(REST), exclude_defaults=True),
        **same,
    )
