"""What stands beside the gate's verdict for whoever decides on a restart: what is open, what was before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from andon.domain.change import ChangeState
from andon.domain.confinement import REMEDY, Problem
from andon.domain.containment import OrderState
from andon.domain.gate import EvaluationResult
from andon.domain.incident import IncidentView
from andon.domain.suite import PIN_DIGITS
from andon.domain.suite_run import Before, Changed, Twin
from andon.domain.values import Frozen, IncidentId, Instant

_BEFORE: Final = {
    Before.FAILED: "the incident's own case failed on the incident's versions, as it must",
    Before.PASSED: "the incident's own case passes on the incident's versions as well",
    Before.NOT_RUN: "the incident's own case was not run on the incident's versions",
    Before.OTHER_VERSIONS: "the incident's own case was run on other versions than evidence holds",
    Before.UNSAID: "the AI system's file does not say how to run the past",
    Before.CANNOT: "the suite can't run the incident's own case on the incident's versions",
}
_TWIN: Final = {
    Twin.NONE: "no harmless twin: the AI system's file names none, so refusing everything would pass",
    Twin.PASSED: "the harmless twin passes",
    Twin.FAILED: "the harmless twin fails",
    Twin.MISSING: "the harmless twin was not run",
}
NAMED_AT_MOST: Final = 8


class Baseline(Frozen):
    """The last whole run of the AI system's suite from before the incident."""

    incident: IncidentId
    result: EvaluationResult

    @property
    def at(self) -> Instant:
        """When it was over."""
        return self.result.finished_at


def beside(view: IncidentView, *, before: Baseline | None, reason: str = "") -> tuple[str, ...]:
    """Return in words what to look at beside the verdict.

    Args:
        view: the incident as its workflow tells it.
        before: the baseline from before the incident, if there is one.
        reason: why the suite can't run the past, in the words of the AI system's file.
    """
    return (
        *_rules(view.evaluation),
        *_of_the_run(view.evaluation, reason),
        *_compared(view.evaluation, before),
        *_open(view),
    )


def _rules(result: EvaluationResult | None) -> Iterator[str]:
    if result is not None and result.pin is not None and Changed.SUITE in result.changed:
        pin = result.pin[:PIN_DIGITS]
        yield f"it was judged by rules of the pin {pin}, which a `threshold_change` may accept"


def _of_the_run(result: EvaluationResult | None, reason: str) -> Iterator[str]:
    if result is None:
        return
    if result.problem in set(Problem):
        yield REMEDY[Problem(result.problem)]
    if result.before:
        words = _BEFORE[Before(result.before)]
        yield f"{words}: {reason}" if result.before == Before.CANNOT and reason else words
    if result.twin:
        yield _TWIN[Twin(result.twin)]
    for name, cases in (
        ("skipped, and may not be", result.skipped),
        ("required, and not in the run", result.absent),
        ("run too rarely", result.too_few_runs),
        ("pass too rarely to be sure", result.unsure),
    ):
        if cases:
            yield f"{name}: {_listed(cases)}"
    if result.confinement is not None:
        yield from (f"the run was not confined in {lacking}" for lacking in result.confinement.lacking)


def _compared(result: EvaluationResult | None, before: Baseline | None) -> Iterator[str]:
    if result is None:
        return
    if before is None:
        yield "no whole run from before the incident is on record to compare with"
        return
    then = before.result
    same = "the same rules" if then.pin == result.pin else "other rules"
    yield (
        f"before the incident, {then.finished - len(then.failed)} of {then.total} cases passed"
        f" by {same} ({before.incident}, {before.at:%Y-%m-%d})"
    )


def _open(view: IncidentView) -> Iterator[str]:
    if view.exception is not None:
        until = f"{view.exception.until:%Y-%m-%d %H:%M} UTC"
        yield f"{view.exception.decision} lets it run until {until}, with every answer reviewed"
    standing = tuple(
        record.order.lever.id for record in view.orders if record.state is not OrderState.RELEASED
    )
    if standing:
        yield f"{len(standing)} orders in force, which a restart lets go: {_listed(standing)}"
    gaps = view.seals[-1].missing if view.seals else ()
    if not view.seals:
        yield "no evidence is sealed"
    if gaps:
        named = tuple(row.row.replace("_", " ") for row in gaps)
        yield f"{len(gaps)} gaps in the evidence: {_listed(named)}"
    affected = view.impact.affected
    if affected.open > 0:
        yield f"{affected.open} affected records are not corrected yet: {affected.reconciled()}"
    due = [one.id for one in view.changes.values() if one.state is ChangeState.OPEN]
    if due:
        yield f"{len(due)} changes are not done: {_listed(tuple(due))}"


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
