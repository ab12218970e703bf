"""The one rule by which an evaluation opens the gate, or leaves it shut with every reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from andon.domain.gate import EvaluationResult, Gate, Shut
from andon.domain.severity import Band
from andon.domain.suite_run import Before, Changed, Twin
from andon.domain.values import Instant

_CHANGED: Final[dict[str, Shut]] = {
    Changed.SUITE: Shut.SUITE_CHANGED,
    Changed.THRESHOLDS: Shut.THRESHOLDS_CHANGED,
    Changed.DATASET: Shut.DATASET_CHANGED,
    Changed.FILES: Shut.FILES_CHANGED,
    Changed.LOG: Shut.LOG_ALTERED,
    Changed.TIME: Shut.OLD_RESULT,
}

_BEFORE: Final[dict[str, Shut]] = {
    Before.PASSED: Shut.PASSED_BEFORE,
    Before.NOT_RUN: Shut.NOT_RUN_BEFORE,
    Before.OTHER_VERSIONS: Shut.BEFORE_OTHER_VERSIONS,
    Before.UNSAID: Shut.PAST_UNSAID,
}
"""How the case went before that keeps the gate shut."""


def judge_gate(
    result: EvaluationResult | None,
    *,
    fixed_at: Instant,
    band: Band = Band.CRITICAL,
    past: bool = True,
) -> Gate:
    """Judge whether the AI system may be put to the restart decision. Unknowns keep it shut.

    Args:
        result: the newest evaluation, if there is one.
        fixed_at: when the newest fix was marked as deployed.
        band: how severe the incident is; a harmless twin must have passed at high and critical.
        past: whether the own case must have been run on the incident's versions; plans of releases that did
            not ask for it say nothing of it.
    """
    if result is None:
        return Gate(open=False, reasons=(Shut.NOT_RUN,))
    own = _of_the_own_case(result, band, past=past)
    checks = (*_of_the_run(result, fixed_at), *_of_its_cases(result), *own)
    reasons = tuple(dict.fromkeys(reason for reason, holds in checks if holds))
    return Gate(open=not reasons, reasons=reasons)


def _of_the_run(result: EvaluationResult, fixed_at: Instant) -> Iterator[tuple[Shut, bool]]:
    unfinished = not result.completed or result.finished < result.total or result.total == 0
    yield Shut.BEFORE_THE_FIX, result.started_at < fixed_at
    yield Shut.OTHER_VERSIONS, result.running is None or result.versions != result.running
    yield Shut.INCOMPLETE, unfinished or bool(result.problem)
    for one in result.changed:
        yield _CHANGED.get(one, Shut.SUITE_CHANGED), True


def _of_its_cases(result: EvaluationResult) -> Iterator[tuple[Shut, bool]]:
    yield Shut.FAILING, bool(result.failed)
    yield Shut.TOO_FEW_CASES, result.short_of > 0
    yield Shut.REQUIRED_MISSING, bool(result.absent)
    yield Shut.CASES_SKIPPED, bool(result.skipped)
    yield Shut.TOO_FEW_RUNS, bool(result.too_few_runs)
    yield Shut.UNSURE, bool(result.unsure)


def _of_the_own_case(result: EvaluationResult, band: Band, *, past: bool) -> Iterator[tuple[Shut, bool]]:
    yield Shut.INCIDENT_CASE_MISSING, result.incident_case is None
    yield Shut.INCIDENT_CASE_FAILING, result.incident_case is False
    yield Shut.TWIN_FAILING, result.twin == Twin.FAILED
    yield Shut.TWIN_MISSING, result.twin == Twin.MISSING and band >= Band.HIGH
    if result.before in _BEFORE:
        yield _BEFORE[result.before], True
    # It is asked for once the run was whole and the case passes now; else the gate is shut anyway.
    whole = result.completed and result.incident_case is True
    yield Shut.NOT_RUN_BEFORE, past and whole and not result.before
