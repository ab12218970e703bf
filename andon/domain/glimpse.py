"""As much of an incident as figures and reviews count, read without the rest of what is kept of it.

A plan and a view are some 25 kB of JSON, of which these sums need a tenth. Each model here has the names of
the whole one, so that a rule reads either.
"""

from __future__ import annotations

from andon.domain.containment import Verb
from andon.domain.cost import Cost
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.evidence import GapReason, RowState
from andon.domain.incident import Ending, IncidentView, OpenIncident, OrderRecord
from andon.domain.severity import Band, Classification
from andon.domain.signing import Envelope
from andon.domain.stage import Stage
from andon.domain.times import Correction
from andon.domain.values import Carried, Instant, Sha256Hex


class PlanGlimpse(Carried):
    """Which AI system a plan is for, and whose signatures count under it."""

    system: str
    trusted: dict[str, str]


class OpeningGlimpse(Carried):
    """An incident as it was opened."""

    incident: str
    opened_at: Instant
    occurred_at: Instant | None
    detected_at: Instant
    severity: Band
    classification: Classification
    containment_required: bool
    exercise: bool = False
    intake: Envelope | None = None
    plan: PlanGlimpse


class OptionGlimpse(Carried):
    """Whether an answer settles a question against going on."""

    id: str
    blocks: bool = False


class RequestGlimpse(Carried):
    """What was asked, and when."""

    kind: DecisionKind
    opened_at: Instant
    options: tuple[OptionGlimpse, ...]


class DecisionGlimpse(Carried):
    """How a question went."""

    request: RequestGlimpse
    rungs_reached: int = 0
    breached: bool = False
    outcome: str | None = None
    superseded: bool = False
    closed_at: Instant | None = None


class LeverGlimpse(Carried):
    """What an order does, and by what."""

    adapter: str
    verb: Verb


class OrderGlimpse(Carried):
    """An order as it was given."""

    lever: LeverGlimpse
    ordered_at: Instant
    cost: Cost | None = None


class AppliedGlimpse(Carried):
    """That it was carried out."""


class ProofGlimpse(Carried):
    """Whether it was seen to hold."""

    held: bool


class OrderRecordGlimpse(Carried):
    """How far an order has come."""

    order: OrderGlimpse
    applied: AppliedGlimpse | None = None
    proof: ProofGlimpse | None = None
    attempts: int = 0
    released_at: Instant | None = None


class StageGlimpse(Carried):
    """When a stage began and ended."""

    stage: Stage
    began_at: Instant
    ended_at: Instant | None = None


class RowGlimpse(Carried):
    """How one row of evidence ended."""

    state: RowState
    reason: GapReason | None = None


class SealGlimpse(Carried):
    """The rows of a sealed snapshot."""

    rows: tuple[RowGlimpse, ...]


class EvaluationGlimpse(Carried):
    """When a run began, and of what it was."""

    started_at: Instant
    versions: Sha256Hex | None


class WordGlimpse(Carried):
    """When the owner took it in hand."""

    at: Instant


class CountedGlimpse(Carried):
    """Whom it reached."""

    users: int | None = None
    records: int | None = None


class ImpactGlimpse(Carried):
    """What is on record of its reach."""

    counted: CountedGlimpse | None = None


class ViewGlimpse(Carried):
    """An incident as it is shown."""

    stages: tuple[StageGlimpse, ...]
    severity: Band
    classification: Classification
    ending: Ending | None
    closed_at: Instant | None
    contained_at: Instant | None
    orders: tuple[OrderRecordGlimpse, ...]
    decisions: tuple[DecisionGlimpse, ...]
    seals: tuple[SealGlimpse, ...]
    evaluation: EvaluationGlimpse | None
    fixed_at: Instant | None
    relapses: int
    findings: dict[str, str]
    corrections: tuple[Correction, ...] = ()
    acknowledgement: WordGlimpse | None = None
    impact: ImpactGlimpse = ImpactGlimpse()


Opened = OpenIncident | OpeningGlimpse
Viewed = IncidentView | ViewGlimpse
Decided = DecisionRecord | DecisionGlimpse
Ordered = OrderRecord | OrderRecordGlimpse
