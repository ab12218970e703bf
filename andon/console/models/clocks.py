"""How the clock of a question came about: the term that set it, and more time asked for or given."""

from __future__ import annotations

from collections.abc import Sequence

from andon.domain.business_time import Term, due_at
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.errors import InvalidInputError
from andon.domain.playbook import Plan
from andon.domain.values import Instant


def term_of(record: DecisionRecord, plan: Plan | None) -> Term | None:
    """Return the term that gave a question its deadline, as the policy wrote it; None if none did."""
    request = record.request
    right = plan.rights.get(request.kind) if plan else None
    if plan is None or right is None or request.deadline is None:
        return None
    return next(
        (term for term in right.within.values() if _due(term, request.opened_at, plan) == request.deadline),
        None,
    )


def extended_by(record: DecisionRecord, records: Sequence[DecisionRecord]) -> str | None:
    """Return the decision that gave a question more time: it was put anew, right after the one it names."""
    kind, _, number = record.request.id.rpartition("-")
    before = f"{kind}-{int(number) - 1}"
    return next(
        (one.request.id for one in _extensions(records, before) if one.outcome == "extend"),
        None,
    )


def extension_asked(record: DecisionRecord, records: Sequence[DecisionRecord]) -> str | None:
    """Return the open question whether this one may take longer."""
    return next((one.request.id for one in _extensions(records, record.request.id) if one.open), None)


def _extensions(records: Sequence[DecisionRecord], question: str) -> list[DecisionRecord]:
    return [
        one
        for one in records
        if one.request.kind is DecisionKind.CLOCK_EXTENSION and one.request.about.get("decision") == question
    ]


def _due(term: Term, at: Instant, plan: Plan) -> Instant | None:
    try:
        return due_at(term, at, plan.calendar)
    except InvalidInputError:
        return None
