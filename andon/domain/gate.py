"""The gate between "fixed" and "running again"."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from andon.domain.confinement import Confinement
from andon.domain.values import Carried, Instant, Sha256Hex

ADDED: Final = frozenset({"problem", "confinement"})
"""Fields of a result that came later: at their default they are not written, so that old digests hold."""


class CaseResult(Carried):
    """One eval case of a run."""

    id: str
    passed: bool
    incident: str | None = Field(None, description="the incident this case was made from")


class EvaluationResult(Carried):
    """A finished run of an eval suite, as the gate sees it. Logs are evidence items."""

    suite: str
    started_at: Instant
    finished_at: Instant
    completed: bool = Field(description="whether the evaluator ran to its end without error")
    versions: Sha256Hex | None = Field(description="digest of the versions that were evaluated")
    total: int = Field(ge=0, description="cases the suite holds, the added ones included")
    finished: int = Field(ge=0, description="cases that were scored")
    failed: tuple[str, ...] = Field((), description="ids of failing cases, at most 50")
    incident_case: bool | None = Field(
        description="did the incident's own case pass; None: it was not in the run"
    )
    log: Sha256Hex | None = Field(None, description="digest of the stored log")
    running: Sha256Hex | None = Field(
        None, description="digest of the versions in service when the run was over"
    )
    problem: str = Field("", description="why the run says nothing, as `Problem`; empty: it ended well")
    confinement: Confinement | None = Field(None, description="what was enforced on the run")

    @model_serializer(mode="wrap")
    def _without_what_came_later(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in written(self).items()
            if name not in ADDED or getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }


class Shut(StrEnum):
    """Each reason for which the gate stays shut."""

    NOT_RUN = "not_run"
    BEFORE_THE_FIX = "before_the_fix"
    OTHER_VERSIONS = "other_versions"
    INCOMPLETE = "incomplete"
    FAILING = "failing"
    INCIDENT_CASE_MISSING = "incident_case_missing"
    INCIDENT_CASE_FAILING = "incident_case_failing"


ADVICE = {
    Shut.NOT_RUN: "no evaluation has run: mark the fix as deployed to start one",
    Shut.BEFORE_THE_FIX: "the evaluation is older than the last fix: run it again",
    Shut.OTHER_VERSIONS: "other versions run now than were evaluated: evaluate what runs",
    Shut.INCOMPLETE: "the evaluation did not finish every case: see its log and run it again",
    Shut.FAILING: "cases fail: see the list, fix, and mark the fix as deployed again",
    Shut.INCIDENT_CASE_MISSING: "the incident's own input is not among the cases: add it",
    Shut.INCIDENT_CASE_FAILING: "the incident's own input still goes wrong: the fix does not hold",
}
"""For each reason, what to do about it."""


class Gate(Carried):
    """The verdict on one evaluation."""

    open: bool
    reasons: tuple[Shut, ...] = ()


def judge_gate(result: EvaluationResult | None, *, fixed_at: Instant) -> Gate:
    """Judge whether the AI system may be put to the restart decision. Unknowns keep it shut.

    Args:
        result: the newest evaluation, if there is one.
        fixed_at: when the newest fix was marked as deployed.
    """
    if result is None:
        return Gate(open=False, reasons=(Shut.NOT_RUN,))
    checks = (
        (Shut.BEFORE_THE_FIX, result.started_at < fixed_at),
        (Shut.OTHER_VERSIONS, result.running is None or result.versions != result.running),
        (Shut.INCOMPLETE, not result.completed or result.finished < result.total or result.total == 0),
        (Shut.FAILING, bool(result.failed)),
        (Shut.INCIDENT_CASE_MISSING, result.incident_case is None),
        (Shut.INCIDENT_CASE_FAILING, result.incident_case is False),
    )
    reasons = tuple(reason for reason, holds in checks if holds)
    return Gate(open=not reasons, reasons=reasons)
