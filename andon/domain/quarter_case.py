"""What the quarterly review takes from one incident, read from what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from andon.domain.decision import DecisionKind
from andon.domain.glimpse import Decided, Opened, Viewed
from andon.domain.quarter import Bypass, Case
from andon.domain.telling import LIFTED, told_by


def case_of(opening: Opened, view: Viewed | None, gate_runs: Sequence[bool], at: datetime) -> Case:
    """Return one incident as the review looks at it; before its workflow has begun, its opening."""
    told = told_by(opening, view, gate_runs, at)
    if view is None:
        return Case(told=told, classification=opening.classification)
    evaluation, fixed = view.evaluation, view.fixed_at
    tried = evaluation is not None and fixed is not None and evaluation.started_at >= fixed
    return Case(
        told=told,
        classification=view.classification,
        ending=_ending(view),
        closed_at=view.closed_at,
        fixed_at=fixed,
        versions=evaluation.versions if evaluation is not None and tried else None,
        bypasses=tuple(_bypasses(view.decisions)),
    )


def _ending(view: Viewed) -> str | None:
    """Return how it ended; what people found of a system that stays stopped says more than the ending."""
    if view.ending is None:
        return None
    found = view.findings.get("ending")
    return found if found and view.ending.value == "not_restarted" else view.ending.value


def _bypasses(decisions: Sequence[Decided]) -> Iterator[Bypass]:
    for one in decisions:
        kind, outcome = one.request.kind, one.outcome
        if kind is DecisionKind.EXECUTIVE_OVERRIDE and outcome == LIFTED:
            yield Bypass.EXCLUSION_LIFTED
        elif kind is DecisionKind.RATIFICATION and not one.superseded:
            yield Bypass.GLASS_BROKEN
        elif kind is DecisionKind.GATE_EXCEPTION and outcome is not None and not _blocks(one, outcome):
            yield Bypass.GATE_EXCEPTION


def _blocks(record: Decided, outcome: str) -> bool:
    return any(one.blocks for one in record.request.options if one.id == outcome)
