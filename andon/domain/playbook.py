"""Policy as people write it, and the plan that one incident is pinned to.

A plan is pinned: the workflow's input holds it whole, so editing a file never changes a running
incident. People are not pinned; each answer is judged against the directory in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import Field, SerializerFunctionWrapHandler, field_serializer, field_validator

from andon.domain.business_time import BusinessCalendar, Term, due_at
from andon.domain.containment import BY_HAND, FLAG_SHAPES, Lever, Order, Verb
from andon.domain.cost import Cost
from andon.domain.decision import DecisionKind, DecisionRequest
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import APPROVING_ROLES, Directory, Role
from andon.domain.evidence import EvidenceRow
from andon.domain.fallback import FallbackPlan
from andon.domain.mode import Mode
from andon.domain.proof import Ground
from andon.domain.release import AT_ONCE, Steps, checked
from andon.domain.rights import Asking, Joining, Right, StageRight, put
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import TaskRule
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug, Spare
from andon.domain.watch import SampledReview

COVERED: Final = frozenset(FLAG_SHAPES) - {Verb.PAUSE_SYSTEM}
"""What a pause of the whole AI system stops as well: it denies each of its permissions."""


class EvidencePolicy(Frozen):
    """The evidence list: what must be kept of every incident."""

    rows: tuple[EvidenceRow, ...]


class ContainmentStep(Spare):
    """One containment action of a playbook."""

    verb: Verb
    target: str = Field("", description="one tool, route or source; empty: every one the system has")
    at: tuple[Band, ...] = Field(description="severities at which it is ordered")
    limit: int = Field(0, ge=0, description="for rate_limit: requests a minute that stay allowed")
    expires_after: timedelta = timedelta(days=7)
    assignee: Role = Role.OPERATIONS
    costly: bool = Field(False, description="it stops something that earns money: it takes a decision first")
    cost: Cost | None = Field(
        None, description="what it is expected to cost the business, unless the lever says"
    )
    proofs: tuple[Ground, ...] = Field(
        (), description="looks that must find the effect besides those the lever names"
    )

    def on(self, lever: Lever) -> Lever:
        """Return a lever with the proofs that this step asks for added to its own."""
        more = tuple(one for one in self.proofs if one not in lever.proofs)
        return lever.model_copy(update={"proofs": (*lever.proofs, *more)}) if more else lever


class WatchPlan(Spare):
    """The period of closer monitoring after restart."""

    window: dict[Band, timedelta]
    every: timedelta = timedelta(minutes=1)
    review: SampledReview | None = Field(
        None, description="share of the outputs that people look at, from the AI system's file"
    )


class Playbook(Frozen):
    """A short checklist: who does what, in what order, where approval is required."""

    id: Slug
    title: str = Field(max_length=120)
    owner: Role
    mode: Mode = Field(Mode.ENFORCE, description="how far it acts before a person has confirmed the incident")
    lead: Role | None = Field(None, description="role that leads instead of the AI system's owner")
    applies_to_types: tuple[str, ...] = Field((), description="incident types; empty: any")
    containment: tuple[ContainmentStep, ...]
    guidance: str = Field(max_length=400, description="what people who use the AI system are told at once")
    clocks: dict[DecisionKind, dict[Band, Term]] = Field(
        default_factory=dict, description="times to answer that differ from the decision rights"
    )
    lookback: timedelta = Field(timedelta(hours=1), description="evidence window before the detection")
    probe_within: timedelta = Field(timedelta(seconds=20), description="how long proof is waited for")
    capture_within: timedelta = Field(
        timedelta(seconds=2), description="how long capturing a lever's state may hold up containment"
    )
    not_applicable: dict[Slug, Slug] = Field(
        default_factory=dict, description="rows of the evidence list that do not apply, and why, as a code"
    )
    evidence_within: timedelta = Field(
        timedelta(minutes=5), description="how long the evaluation waits for the first evidence"
    )
    watch: WatchPlan
    release: Steps = Field(AT_ONCE, description="how it is let go after the restart decision, step by step")

    @field_validator("release")
    @classmethod
    def _leads_all_the_way(cls, steps: Steps) -> Steps:
        return checked(steps)

    @field_validator("lead")
    @classmethod
    def _can_lead(cls, lead: Role | None) -> Role | None:
        if lead is not None and lead not in APPROVING_ROLES:
            raise ValueError(f"{lead} may not lead an incident: name another role")
        return lead


class EvaluationPlan(Carried):
    """Which suite gates the restart."""

    suite: str
    timeout: timedelta
    pin: str = Field("", description="first 16 digits of the digest of what judges; a change shuts the gate")


class Quarantine(Carried):
    """What quarantines a session: levers without a target, one to be made of each for each session."""

    levers: tuple[Lever, ...]
    steps: tuple[ContainmentStep, ...]


class Plan(Spare):
    """Everything an incident's workflow needs to know about policy, resolved and pinned."""

    system: Slug
    owner: PersonId
    lead: PersonId | None = Field(None, description="who leads instead of the owner")
    leaderless: bool = Field(False, description="nobody can lead: the owner is gone, and nobody is there")
    playbook: Slug
    policy: Sha256Hex = Field(description="digest of the whole policy snapshot, stored by content")
    levers: tuple[Lever, ...]
    steps: tuple[ContainmentStep, ...]
    quarantine: Quarantine | None = Field(None, description="for sessions that later detections name")
    mode: Mode = Mode.ENFORCE
    by_hand: bool = Field(False, description="a step for which there is no lever is ordered from a person")
    fallback: FallbackPlan | None = Field(None, description="who works by hand while the system is stopped")
    contact: str = ""
    rights: dict[DecisionKind, Right]
    rows: tuple[EvidenceRow, ...]
    sources: tuple[Slug, ...]
    lookback: timedelta
    probe_within: timedelta
    capture_within: timedelta
    evidence_within: timedelta = timedelta(minutes=5)
    evaluation: EvaluationPlan | None
    versions: bool = Field(description="whether the AI system says which versions run")
    watch: WatchPlan
    release: Steps = Field(AT_ONCE, description="the steps its levers allow")
    release_lacking: tuple[str, ...] = Field((), description="steps for which it has no lever")
    trusted: dict[Sha256Hex, str] = Field(description="key id -> public key that may attest a response")
    stages: dict[Stage, StageRight] = Field(default_factory=dict)
    joining: Joining = Joining()
    declarations: dict[Declared, DeclarationRight] = Field(default_factory=dict)
    tasks: dict[str, TaskRule] = Field(default_factory=dict)
    calendar: BusinessCalendar | None = Field(None, description="the owner's business hours, in UTC")

    @field_serializer("rights", "stages", mode="wrap")
    def _in_few_bytes(self, rights: Any, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {kind: _terse(one) for kind, one in written(rights).items()}

    @field_validator("rights", "stages", mode="before")
    @classmethod
    def _as_written_in_few_bytes(cls, rights: Any) -> Any:
        return {kind: _whole(one) for kind, one in rights.items()} if isinstance(rights, dict) else rights

    @field_serializer("calendar")
    def _shortly(self, calendar: BusinessCalendar | None) -> dict[str, Any] | None:
        return calendar.carried() if calendar is not None else None

    @property
    def leads(self) -> PersonId | None:
        """Who leads at first."""
        return None if self.leaderless else self.lead or self.owner

    def led_by(self, directory: Directory, role: Role | None, at: Instant) -> Plan:
        """Return the plan with its lead named: by the playbook's role, else the owner, else who is there."""
        named = directory.leader(role, at) if role is not None else None
        if named is None and not directory.can_lead(self.owner, at):
            named = directory.leader(Role.INCIDENT_LEAD, at)
            return self.model_copy(update={"lead": named, "leaderless": named is None})
        return self.model_copy(update={"lead": named})

    def orders(
        self,
        incident: IncidentId,
        band: Band,
        *,
        reason: str,
        at: Instant,
        standing: Sequence[Order] = (),
        given: int = 0,
        costly: bool = False,
        authority: str = "",
    ) -> tuple[Order, ...]:
        """Return the orders that a severity adds to those that stand already.

        `given` is how many orders the incident has given so far, standing or not: a number is
        never used twice, since an order's id is its idempotency key. `costly` asks for the steps that
        take a decision, and for those only; `authority` names what they rest on, else the playbook does.
        """
        taken = {order.lever.id for order in standing}
        fresh = [
            (step, step.on(lever))
            for step in self.steps
            if band in step.at and step.costly == costly
            for lever in self._levers_for(step) or self._by_hand(step, band)
        ]
        orders: list[Order] = []
        for step, lever in fresh:
            if lever.id in taken:
                continue
            taken.add(lever.id)
            orders.append(
                Order(
                    id=f"{incident}/order/{given + len(orders) + 1}",
                    incident=incident,
                    lever=lever,
                    limit=step.limit,
                    authority=authority or f"playbook:{self.playbook}",
                    assignee=step.assignee,
                    reason=reason,
                    contact=self.contact,
                    ordered_at=at,
                    expires_at=at + step.expires_after,
                    cost=lever.cost or step.cost,
                )
            )
        return tuple(orders)

    def lacking(self, band: Band) -> tuple[str, ...]:
        """Name the steps of a severity for which the system has no lever."""
        return tuple(
            f"{step.verb}:{step.target}" if step.target else step.verb.value
            for step in self.steps
            if band in step.at and not self._levers_for(step)
        )

    def ask(
        self, kind: DecisionKind, number: int, asking: Asking, *, incident: IncidentId, at: Instant
    ) -> DecisionRequest:
        """Put a question of this kind, with its clock running from `at`."""
        return put(
            self.rights[kind],
            kind,
            number,
            asking,
            incident=incident,
            at=at,
            calendar=self.calendar,
            policy=self.policy,
        )

    def stage_due(self, stage: Stage, band: Band, at: Instant) -> Instant | None:
        """Return until when a stage that begins now may take; None: it has no clock at this severity."""
        right = self.stages.get(stage)
        term = right.within.get(band) if right else None
        return due_at(term, at, self.calendar) if term is not None else None

    def _by_hand(self, step: ContainmentStep, band: Band) -> tuple[Lever, ...]:
        """Return what stands for a lever where there is none and a person has to do it."""
        if not self.by_hand or step.verb is Verb.NOTIFY_ONLY or self._paused_anyway(step, band):
            return ()
        name = ".".join(part for part in (self.system, BY_HAND, step.verb.value, step.target) if part)
        return (Lever(id=name, adapter=BY_HAND, system=self.system, verb=step.verb, target=step.target),)

    def _paused_anyway(self, step: ContainmentStep, band: Band) -> bool:
        """Whether a lever pauses the whole AI system, and with it what this step would stop."""
        return step.verb in COVERED and any(
            band in other.at and not other.costly and self._levers_for(other)
            for other in self.steps
            if other.verb is Verb.PAUSE_SYSTEM
        )

    def _levers_for(self, step: ContainmentStep) -> tuple[Lever, ...]:
        return tuple(
            lever
            for lever in self.levers
            if lever.verb is step.verb and (not step.target or lever.target == step.target)
        )


def _terse(right: dict[str, Any]) -> dict[str, Any]:
    """Write the times of all severities in one text; some forty of these travel with each incident."""
    within = right.get("within")
    if not within or not all(isinstance(term, str) for term in within.values()):
        return right
    return {**right, "within": "|".join(within.get(band, "") for band in Band)}


def _whole(right: Any) -> Any:
    """Read the times of all severities from one text, or as they were written before."""
    if not isinstance(right, dict) or not isinstance(right.get("within"), str):
        return right
    terms = zip(Band, right["within"].split("|"), strict=True)
    return {**right, "within": {band: term for band, term in terms if term}}
