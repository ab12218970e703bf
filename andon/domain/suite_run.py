"""One run of an eval suite as its runner reports it, and what the gate makes of it, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from andon.domain.suite import SuiteRules
from andon.domain.values import Carried, IncidentId, Sha256Hex
from andon.domain.wilson import reaches

MOST_NAMED: Final = 50
SUCCESS: Final = "success"


class CaseResult(BaseModel):
    """One eval case of a run, as the runner reports it."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    id: str = Field(min_length=1, max_length=200)
    passed: bool
    skipped: bool = False
    score: float | None = None
    runs: int = Field(1, ge=0)
    passes: int | None = Field(
        None, ge=0, description="of the runs; None: all of them if it passed, else none"
    )
    required: bool = Field(False, description="whatever the AI system's file says, it may not be skipped")
    incident: str | None = Field(None, description="the incident this case was made from")
    twin_of: str | None = Field(None, description="the case, or incident, that this is a harmless twin of")
    before: bool | None = Field(None, description="whether it passed on the versions of the incident")

    @property
    def passed_runs(self) -> int:
        """How many of its runs passed."""
        return (self.runs if self.passed else 0) if self.passes is None else self.passes


class SuiteRun(BaseModel):
    """What a runner reports of one run; what else it writes is kept with the log and not read."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    suite: str = Field(max_length=200)
    status: str
    versions: dict[str, Any] | None = None
    seed: int | None = None
    dataset: str | None = Field(None, max_length=200)
    thresholds: dict[str, float] | None = None
    total: int = Field(ge=0, description="cases the suite holds, the added ones included")
    cases: list[CaseResult]


class Changed(StrEnum):
    """What of a run is not as the AI system's file says."""

    THRESHOLDS = "thresholds"
    DATASET = "dataset"
    FILES = "files"
    SUITE = "suite"
    LOG = "log"
    TIME = "time"


class Twin(StrEnum):
    """What became of the harmless twins of an incident's case."""

    NONE = "none"
    """The AI system's file names none."""
    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"


class Before(StrEnum):
    """How the incident's own case went on the versions of the incident."""

    FAILED = "failed"
    """As it must: the case shows what went wrong."""
    PASSED = "passed"
    """It does not show what went wrong."""
    NOT_RUN = "not_run"
    OTHER_VERSIONS = "other_versions"
    """It was run on others than evidence holds."""
    UNSAID = "unsaid"
    """The AI system's file says neither how nor why not."""
    CANNOT = "cannot"
    """The suite can't run the past, and the file says why."""


class Tally(Carried):
    """What the cases of a run come to; each field is at its default in results that are older than it."""

    seed: int | None = None
    pin: Sha256Hex | None = Field(None, description="digest of the rules and the command it was judged by")
    dataset: Sha256Hex | None = Field(None, description="digest of the cases, as the runner reports it")
    changed: tuple[str, ...] = Field((), description="what is not as the AI system's file says, as `Changed`")
    short_of: int = Field(0, description="by how many cases the run is smaller than the suite")
    skipped: tuple[str, ...] = Field((), description="cases that were skipped and may not be, at most 50")
    absent: tuple[str, ...] = Field((), description="required cases that were not in the run, at most 50")
    too_few_runs: tuple[str, ...] = Field((), description="cases that were run too rarely, at most 50")
    unsure: tuple[str, ...] = Field((), description="cases that pass too rarely to be sure, at most 50")
    twin: str = Field("", description="what became of the harmless twins, as `Twin`")
    before: str = Field("", description="how the own case went on the incident's versions, as `Before`")
    before_versions: Sha256Hex | None = Field(None, description="digest of the versions it was run on then")
    before_log: Sha256Hex | None = Field(None, description="digest of the stored log of that run")
    cannot: Sha256Hex | None = Field(
        None, description="digest of the reason why the suite can't run the past"
    )


TALLIED: Final = frozenset(Tally.model_fields)


class Scored(Carried):
    """The cases of one run, judged by the rules of its suite."""

    total: int
    finished: int
    failed: tuple[str, ...]
    own: bool | None
    tally: Tally


def scored(run: SuiteRun, incident: IncidentId, rules: SuiteRules, *, changed: Sequence[str] = ()) -> Scored:
    """Judge the cases of a run.

    A case counts as passed if the runner says so, each of its runs passed or, in a flaky suite, enough of
    them did, and it was not skipped. Adding a case that fails never makes a run better.

    Args:
        run: what the runner reports.
        incident: whose own case must be among them.
        rules: what the AI system's file asks of a run.
        changed: what was found to differ beside the run, as `Changed`.
    """
    scored_cases = [case for case in run.cases if not case.skipped]
    names = {case.id for case in scored_cases}
    allowed = {case.id for case in run.cases if case.skipped and not case.required} & set(rules.optional)
    there = names | allowed
    own = [case for case in scored_cases if case.incident == incident]
    extra = {case.id for case in run.cases if case.incident is not None or case.twin_of is not None}
    tally = Tally(
        seed=run.seed,
        dataset=run.dataset if _is_digest(run.dataset) else None,
        changed=tuple(sorted({*changed, *_differing(run, rules)})),
        short_of=max(0, rules.cases_at_least - len(there - extra)),
        skipped=_named(case.id for case in run.cases if case.skipped and case.id not in allowed),
        absent=_named(one for one in (*rules.required, *rules.twins) if one not in names | _skipped(run)),
        too_few_runs=_named(case.id for case in scored_cases if case.runs < _runs_wanted(rules)),
        unsure=_named(case.id for case in scored_cases if not _sure(case, rules)),
        twin=_twin(scored_cases, own, incident, rules).value,
        before=Before.PASSED.value if any(case.before for case in own) else "",
    )
    return Scored(
        total=max(run.total, len(there | _skipped(run))),
        finished=len(there),
        failed=_named(case.id for case in scored_cases if not case.passed),
        own=all(case.passed and _sure(case, rules) for case in own) if own else None,
        tally=tally,
    )


def before_of(
    run: SuiteRun, incident: IncidentId, *, ran: Sha256Hex | None, held: Sha256Hex | None
) -> Before:
    """Judge a run of the incident's own case on the versions of the incident.

    Args:
        run: what the runner reports.
        incident: whose case it is.
        ran: digest of the versions that were run.
        held: digest of the versions that the evidence holds.
    """
    own = [case for case in run.cases if case.incident == incident and not case.skipped]
    if not own:
        return Before.NOT_RUN
    if held is None or ran != held:
        return Before.OTHER_VERSIONS
    return Before.PASSED if any(case.passed for case in own) else Before.FAILED


def _differing(run: SuiteRun, rules: SuiteRules) -> Iterable[str]:
    if rules.thresholds and run.thresholds != dict(rules.thresholds):
        yield Changed.THRESHOLDS.value
    if rules.dataset is not None and run.dataset != rules.dataset:
        yield Changed.DATASET.value


def _skipped(run: SuiteRun) -> set[str]:
    return {case.id for case in run.cases if case.skipped}


def _runs_wanted(rules: SuiteRules) -> int:
    return rules.flaky.wanted if rules.flaky is not None else 1


def _sure(case: CaseResult, rules: SuiteRules) -> bool:
    """Whether its runs bear out that it passes; a case that was marked as failing is named as that."""
    if not case.passed:
        return True
    if rules.flaky is None:
        return case.runs >= 1 and case.passed_runs == case.runs
    return reaches(case.passed_runs, case.runs, rules.flaky.threshold)


def _twin(
    cases: Sequence[CaseResult], own: Sequence[CaseResult], incident: IncidentId, rules: SuiteRules
) -> Twin:
    if not rules.names_twins:
        return Twin.NONE
    of = {incident, *(case.id for case in own)}
    made = [case for case in cases if case.twin_of in of]
    held = [case for case in cases if case.id in rules.twins]
    lacking = {case.id for case in held} != set(rules.twins) or (rules.makes_twins and not made)
    if not all(case.passed and _sure(case, rules) for case in (*made, *held)):
        return Twin.FAILED
    return Twin.MISSING if lacking else Twin.PASSED


def _named(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MOST_NAMED]


def _is_digest(text: str | None) -> bool:
    return text is not None and len(text) == 64 and not set(text) - set("0123456789abcdef")
