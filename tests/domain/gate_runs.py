"""One honest run of a suite, and the way from what a runner reports to the verdict of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from andon.domain.gate import EvaluationResult, Gate
from andon.domain.gate_rules import judge_gate
from andon.domain.severity import Band
from andon.domain.suite import SuiteRules
from andon.domain.suite_run import Before, SuiteRun, before_of, scored
from andon.domain.values import Sha256Hex, digest_of

INCIDENT: Final = "INC-20260302-abc123"
FIXED_AT: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VERSIONS: Final = {"release": "v1.2"}
WRONG: Final = {"release": "v1.1"}
DATASET: Final = "d" * 64
THRESHOLDS: Final = {"accuracy": 0.9}
RULES: Final = SuiteRules.model_validate(
    {
        "thresholds": THRESHOLDS,
        "dataset": DATASET,
        "cases_at_least": 3,
        "required": ["refund-in-window"],
        "optional": ["question"],
        "makes_twins": True,
        "past": {"command": ["run", "{versions}"]},
    }
)
CASES: Final = (
    {"id": "refund-in-window", "passed": True},
    {"id": "decline-too-late", "passed": True},
    {"id": "question", "passed": True},
)
OWN: Final = {"id": INCIDENT, "incident": INCIDENT, "passed": True}
TWIN: Final = {"id": f"{INCIDENT}-twin", "twin_of": INCIDENT, "passed": True}
HONEST: Final[Mapping[str, Any]] = {
    "suite": "desk",
    "status": "success",
    "versions": VERSIONS,
    "dataset": DATASET,
    "thresholds": THRESHOLDS,
    "total": 5,
    "cases": [*CASES, OWN, TWIN],
}
BEFORE: Final[Mapping[str, Any]] = {
    "suite": "desk",
    "status": "success",
    "versions": WRONG,
    "total": 1,
    "cases": [{**OWN, "passed": False}],
}


def evaluated(
    report: Mapping[str, Any] = HONEST,
    *,
    rules: SuiteRules = RULES,
    before: Mapping[str, Any] | None = BEFORE,
    **differing: Any,
) -> EvaluationResult:
    """Return the result of a run, with what the worker knows of it."""
    run = SuiteRun.model_validate(report)
    judged = scored(run, INCIDENT, rules, changed=differing.pop("changed", ()))
    whole = judged.finished == judged.total and run.status == "success"
    told: dict[str, Any] = {
        **judged.tally.model_dump(),
        "suite": run.suite,
        "started_at": FIXED_AT + timedelta(minutes=1),
        "finished_at": FIXED_AT + timedelta(minutes=2),
        "completed": whole,
        "versions": _digest(run.versions),
        "total": judged.total,
        "finished": judged.finished,
        "failed": judged.failed,
        "incident_case": judged.own,
        "running": digest_of(VERSIONS),
    }
    result = EvaluationResult.model_validate({**told, **differing})
    return result.with_past(_past(before)) if whole and judged.own else result


def verdict(result: EvaluationResult | None, band: Band = Band.HIGH) -> Gate:
    """Judge a result as an incident does that was fixed a minute before the run."""
    return judge_gate(result, fixed_at=FIXED_AT, band=band)


def with_cases(*cases: Mapping[str, Any], total: int | None = None) -> dict[str, Any]:
    """Return the honest report with other cases."""
    return {**HONEST, "cases": list(cases), "total": len(cases) if total is None else total}


def _past(report: Mapping[str, Any] | None) -> EvaluationResult | None:
    if report is None:
        return None
    run = SuiteRun.model_validate(report)
    ran = _digest(run.versions)
    before = before_of(run, INCIDENT, ran=ran, held=digest_of(WRONG))
    return EvaluationResult(
        suite=run.suite,
        started_at=FIXED_AT,
        finished_at=FIXED_AT,
        completed=True,
        versions=ran,
        total=1,
        finished=1,
        incident_case=before is Before.PASSED,
        before=before.value,
        before_versions=ran,
    )


def _digest(versions: Mapping[str, Any] | None) -> Sha256Hex | None:
    return digest_of(dict(versions)) if versions else None
