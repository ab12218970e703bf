"""The gate between "fixed" and "running again"."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from andon.domain.confinement import Confinement
from andon.domain.suite_run import TALLIED, Before, Tally
from andon.domain.values import Carried, Instant, Sha256Hex

ADDED: Final = frozenset({"problem", "confinement"}) | TALLIED
"""Fields of a result that came later: at their default they are not written, so that old digests hold."""


PAST: Final = ("before", "before_versions", "before_log", "cannot")
"""Fields of a result that a run on the versions of the incident fills."""


class EvaluationResult(Tally):
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

    def with_past(self, past: EvaluationResult | None) -> EvaluationResult:
        """Return this result with what a run on the incident's versions found; None: there was no such run.

        A runner that says itself that the case passed there is believed.
        """
        found = {name: getattr(past, name) for name in PAST} if past is not None else {}
        if not found.get("before"):
            found["before"] = Before.NOT_RUN.value
        if self.before == Before.PASSED:
            found["before"] = self.before
        return self.model_copy(update=found)

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
    SUITE_CHANGED = "suite_changed"
    THRESHOLDS_CHANGED = "thresholds_changed"
    DATASET_CHANGED = "dataset_changed"
    FILES_CHANGED = "files_changed"
    LOG_ALTERED = "log_altered"
    OLD_RESULT = "old_result"
    TOO_FEW_CASES = "too_few_cases"
    REQUIRED_MISSING = "required_missing"
    CASES_SKIPPED = "cases_skipped"
    TOO_FEW_RUNS = "too_few_runs"
    UNSURE = "unsure"
    TWIN_MISSING = "twin_missing"
    TWIN_FAILING = "twin_failing"
    PASSED_BEFORE = "passed_before"
    NOT_RUN_BEFORE = "not_run_before"
    BEFORE_OTHER_VERSIONS = "before_other_versions"
    PAST_UNSAID = "past_unsaid"


ADVICE: Final[dict[Shut, str]] = {
    Shut.NOT_RUN: "no evaluation has run: mark the fix as deployed to start one",
    Shut.BEFORE_THE_FIX: "the evaluation is older than the last fix: run it again",
    Shut.OTHER_VERSIONS: "other versions run now than were evaluated: evaluate what runs",
    Shut.INCOMPLETE: "the evaluation did not finish every case: see its log and run it again",
    Shut.FAILING: "cases fail: see the list, fix, and mark the fix as deployed again",
    Shut.INCIDENT_CASE_MISSING: "the incident's own input is not among the cases: add it",
    Shut.INCIDENT_CASE_FAILING: "the incident's own input still goes wrong: the fix does not hold",
    Shut.SUITE_CHANGED: (
        "the suite's rules or its command are not those of when the incident opened:"
        " put the evaluation part of the AI system's file back"
    ),
    Shut.THRESHOLDS_CHANGED: (
        "the suite judged by other thresholds than the AI system's file names: run it with those"
    ),
    Shut.DATASET_CHANGED: (
        "the suite ran other cases than the AI system's file names: run it with the cases of that digest"
    ),
    Shut.FILES_CHANGED: (
        "files that judge are not those whose digests the AI system's file names: put them back"
    ),
    Shut.LOG_ALTERED: "a log is not what the runner says it wrote: run it again, and leave its logs alone",
    Shut.OLD_RESULT: "the result says that it is of an earlier run: have the suite write one for each run",
    Shut.TOO_FEW_CASES: "the run holds fewer cases than the suite: run all of it",
    Shut.REQUIRED_MISSING: "required cases were not in the run: see the list, and run all of the suite",
    Shut.CASES_SKIPPED: "cases were skipped that may not be: see the list, and run them",
    Shut.TOO_FEW_RUNS: (
        "cases were run too rarely to judge a suite that does not always go the same way:"
        " run each as often as the AI system's file says"
    ),
    Shut.UNSURE: "cases pass too rarely for the runs they had: see the list, fix, or run them more often",
    Shut.TWIN_MISSING: (
        "no harmless twin of the incident's input was run, so refusing everything would pass: add one"
    ),
    Shut.TWIN_FAILING: "the harmless twin of the incident's input goes wrong: the fix refuses too much",
    Shut.PASSED_BEFORE: (
        "the incident's own case passes on the incident's versions too, so it does not show what went wrong:"
        " have the suite judge what did"
    ),
    Shut.NOT_RUN_BEFORE: (
        "the incident's own case could not be run on the incident's versions: see the log of that run,"
        " or say in the AI system's file why the suite can't"
    ),
    Shut.BEFORE_OTHER_VERSIONS: (
        "the incident's own case was run on other versions than evidence holds of the incident:"
        " have the `past` command read `{versions}`"
    ),
    Shut.PAST_UNSAID: (
        "the AI system's file does not say how the incident's own case is run on the incident's versions:"
        " name `past: {command: ...}`, or say why the suite can't with `past: {cannot: ...}`"
    ),
}
"""For each reason, what is missing and what to do about it."""


class GateException(Carried):
    """What lets an AI system run under review while the gate is shut: by whose decision, and until when."""

    decision: str
    until: Instant


class Gate(Carried):
    """The verdict on one evaluation."""

    open: bool
    reasons: tuple[Shut, ...] = ()
