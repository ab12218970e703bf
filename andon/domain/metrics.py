"""What incidents say together: eight metrics, with everything that is not known counted beside them.

The definitions are those of requirements MET-01 to MET-08. A value that nothing is known for is None, never
nought; exercises are left out; no metric has a target of none at all.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from pydantic import Field

from andon.domain.decision import DecisionKind
from andon.domain.recurrence import ControlRecurrence
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.values import Frozen, IncidentId, Instant, Slug

REPEATED_WITHIN: Final = timedelta(days=90)
REVIEW_FAILED: Final = frozenset(
    {"approval_gate", "human_review_procedure", "human_review_interface", "reviewer_training"}
)
"""Failed controls that are a human review, or an approval that was skipped; codes of `rights.yaml`."""
UNKNOWN: Final = "unknown"


class Waited(Frozen):
    """How long one question was open, from its asking to its outcome."""

    kind: DecisionKind
    seconds: float | None = Field(description="None: it is still open")


class Passed(Frozen):
    """How long one stage took; None: it has not ended."""

    stage: Stage
    seconds: float | None


class Told(Frozen):
    """What one incident contributes to the metrics. None: not known."""

    incident: IncidentId
    system: Slug
    severity: Band
    near_miss: bool = False
    exercise: bool = False
    opened_at: Instant
    occurred_at: Instant | None = None
    detected_at: Instant
    contained_at: Instant | None = None
    to_contain: bool = Field(True, description="whether anything was to be contained")
    affected_users: int | None = None
    affected_records: int | None = None
    root_cause: str | None = None
    failed_control: str | None = None
    rows_required: int = 0
    rows_missing: int = 0
    gate_runs: tuple[bool, ...] = Field((), description="whether the gate opened on each run, oldest first")
    overrides: int = Field(0, description="executive overrides that took effect")
    decided: int = Field(0, description="decisions with an outcome")
    stages: tuple[Passed, ...] = ()
    waits: tuple[Waited, ...] = ()
    costs: Mapping[str, float] = Field(
        default_factory=dict, description="of containment as entered, by currency"
    )


class Spread(Frozen):
    """Numbers that belong together, and how many are not known."""

    known: int
    unknown: int
    median: float | None = None
    p90: float | None = Field(None, description="nearest rank")
    longest: float | None = None

    @property
    def unknown_share(self) -> float | None:
        """Share of what is not known; None: there is nothing at all."""
        return self.unknown / (self.known + self.unknown) if self.known + self.unknown else None


class Sum(Frozen):
    """A sum over what is known; None if nothing is."""

    total: int | None
    known: int
    unknown: int


class Rate(Frozen):
    """A part of a whole; None where the whole is nought."""

    part: int
    whole: int
    unknown: int = 0

    @property
    def value(self) -> float | None:
        """The part of one."""
        return self.part / self.whole if self.whole else None


class Repeat(Frozen):
    """Incidents of one AI system with one root cause, each within 90 days of the one before."""

    system: Slug
    root_cause: str
    incidents: tuple[IncidentId, ...]


class Metrics(Frozen):
    """The eight metrics of a period, and what is measured beside them."""

    since: Instant
    until: Instant
    incidents: int
    by_system: Mapping[Slug, int] = Field(description="MET-01: incidents opened")
    near_misses: int = Field(description="those that were logged without an incident included")
    by_severity: Mapping[Band, int]
    time_to_detection: Spread = Field(description="MET-02: seconds from occurred to detected")
    time_to_containment: Spread = Field(description="MET-03: seconds from detected to proven")
    affected_users: Sum = Field(description="MET-04")
    affected_records: Sum = Field(description="MET-04")
    repeated: tuple[Repeat, ...] = Field(description="MET-05: same root cause and AI system within 90 days")
    root_cause_unknown: int
    missing_logs: Rate = Field(description="MET-06: missing required rows of required ones")
    review_bypasses: Rate = Field(
        description="MET-07: incidents in which human review was the failed control"
    )
    gate_passes: Rate = Field(description="MET-08: runs on which the gate opened")
    first_passes: Rate = Field(description="MET-08: incidents whose first run opened the gate")
    overrides: Rate = Field(description="executive overrides of decisions with an outcome")
    time_in_stage: Mapping[Stage, Spread]
    decision_latency: Mapping[DecisionKind, Spread]
    containment_cost: Mapping[str, float] = Field(description="as people entered it, by currency")
    recurrence: tuple[ControlRecurrence, ...] = Field(
        (), description="by type of change: whether it happened again, as looked for in the period"
    )


def measured(told: Iterable[Told], since: Instant, until: Instant, *, logged_near_misses: int = 0) -> Metrics:
    """Return the metrics of the incidents opened from `since` on and before `until`.

    Repeats are looked for among all that are given: an incident of the period can repeat an earlier one.

    Args:
        told: every incident of the period, and of the 90 days before it.
        since: beginning of the period.
        until: its end, which is not part of it.
        logged_near_misses: near misses of the period that were kept without an incident.
    """
    every = [one for one in told if not one.exercise]
    period = [one for one in every if since <= one.opened_at < until]
    runs = [run for one in period for run in one.gate_runs]
    return Metrics(
        since=since,
        until=until,
        incidents=len(period),
        by_system=dict(sorted(Counter(one.system for one in period).items())),
        near_misses=sum(one.near_miss for one in period) + logged_near_misses,
        by_severity={band: sum(one.severity is band for one in period) for band in Band},
        time_to_detection=spread(_seconds(one.occurred_at, one.detected_at) for one in period),
        time_to_containment=spread(
            _seconds(one.detected_at, one.contained_at) for one in period if one.to_contain
        ),
        affected_users=_sum(period, lambda one: one.affected_users),
        affected_records=_sum(period, lambda one: one.affected_records),
        repeated=repeats(every, since, until),
        root_cause_unknown=sum(one.root_cause in (None, UNKNOWN) for one in period),
        missing_logs=_missing_logs(period),
        review_bypasses=_review_bypasses(period),
        gate_passes=Rate(part=sum(runs), whole=len(runs)),
        first_passes=_first_passes(period),
        overrides=Rate(part=sum(one.overrides for one in period), whole=sum(one.decided for one in period)),
        time_in_stage=_time_in_stage(period),
        decision_latency=_decision_latency(period),
        containment_cost=_added(one.costs for one in period),
    )


def _missing_logs(period: Sequence[Told]) -> Rate:
    return Rate(
        part=sum(one.rows_missing for one in period),
        whole=sum(one.rows_required for one in period),
        unknown=sum(one.rows_required == 0 for one in period),
    )


def _review_bypasses(period: Sequence[Told]) -> Rate:
    known = [one for one in period if one.failed_control not in (None, UNKNOWN)]
    return Rate(
        part=sum(one.failed_control in REVIEW_FAILED for one in known),
        whole=len(known),
        unknown=len(period) - len(known),
    )


def _first_passes(period: Sequence[Told]) -> Rate:
    firsts = [one.gate_runs[0] for one in period if one.gate_runs]
    return Rate(part=sum(firsts), whole=len(firsts), unknown=len(period) - len(firsts))


def _time_in_stage(period: Sequence[Told]) -> dict[Stage, Spread]:
    passed: dict[Stage, list[float | None]] = {stage: [] for stage in Stage}
    for told in period:
        for one in told.stages:
            passed[one.stage].append(one.seconds)
    return {stage: spread(seconds) for stage, seconds in passed.items()}


def _decision_latency(period: Sequence[Told]) -> dict[DecisionKind, Spread]:
    waits: dict[DecisionKind, list[float | None]] = {kind: [] for kind in DecisionKind}
    for told in period:
        for one in told.waits:
            waits[one.kind].append(one.seconds)
    return {kind: spread(seconds) for kind, seconds in waits.items()}


def spread(values: Iterable[float | None]) -> Spread:
    """Return median, 90th percentile by nearest rank, and longest of what is known."""
    every = list(values)
    known = sorted(value for value in every if value is not None)
    if not known:
        return Spread(known=0, unknown=len(every))
    return Spread(
        known=len(known),
        unknown=len(every) - len(known),
        median=statistics.median(known),
        p90=known[-(-9 * len(known) // 10) - 1],
        longest=known[-1],
    )


def repeats(told: Sequence[Told], since: Instant, until: Instant) -> tuple[Repeat, ...]:
    """Return the chains of incidents that share AI system and root cause and have one in the period.

    A cause that nobody knows is the same as no other.
    """
    chains: dict[tuple[Slug, str], list[list[Told]]] = {}
    for one in sorted(told, key=lambda one: (one.opened_at, one.incident)):
        if one.root_cause in (None, UNKNOWN):
            continue
        known = chains.setdefault((one.system, str(one.root_cause)), [])
        if known and one.opened_at - known[-1][-1].opened_at <= REPEATED_WITHIN:
            known[-1].append(one)
        else:
            known.append([one])
    return tuple(
        Repeat(system=system, root_cause=cause, incidents=tuple(one.incident for one in chain))
        for (system, cause), found in sorted(chains.items())
        for chain in found
        if len(chain) > 1 and any(since <= one.opened_at < until for one in chain)
    )


def _seconds(begun: Instant | None, ended: Instant | None) -> float | None:
    """Return the seconds between; an end before its beginning is no measurement."""
    if begun is None or ended is None or ended < begun:
        return None
    return (ended - begun).total_seconds()


def _sum(told: Sequence[Told], value: Callable[[Told], int | None]) -> Sum:
    known = [count for one in told if (count := value(one)) is not None]
    return Sum(total=sum(known) if known else None, known=len(known), unknown=len(told) - len(known))


def _added(costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in costs:
        for currency, amount in one.items():
            total[currency] = total.get(currency, 0.0) + amount
    return dict(sorted(total.items()))
