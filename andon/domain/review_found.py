"""What the record tells for a post-incident review, part by part, and what it leaves open.

All of it is read from what is on record; nothing is guessed. What is not known is null, never nought.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from pydantic import Field, JsonValue

from andon.domain.catches import DurableControlNeeded
from andon.domain.change import Change, ChangeState
from andon.domain.completeness import completeness, from_ledger, taken
from andon.domain.containment import OrderState
from andon.domain.decision import DecisionRecord
from andon.domain.evidence import Manifest
from andon.domain.finding import FailureClass
from andon.domain.incident import IncidentView, OpenIncident, OrderRecord
from andon.domain.ledger import Entry, Kind
from andon.domain.lessons import Proposal
from andon.domain.review import ASKED, PARTS, Review, ReviewPart, Words, newest
from andon.domain.severity import Band, Classification
from andon.domain.values import Frozen, Instant
from andon.domain.vendor import vendor_evidence, vendor_evidence_missing

Found = dict[str, JsonValue]

TELLING: Final = frozenset(
    {
        Kind.INCIDENT_OPENED,
        Kind.CONTAINED,
        Kind.SEVERITY_RAISED,
        Kind.SEVERITY_LOWERED,
        Kind.DECISION_SETTLED,
        Kind.DEADLINE_BREACHED,
        Kind.DEFAULT_APPLIED,
        Kind.EVIDENCE_SEALED,
        Kind.EVIDENCE_FAILED,
        Kind.ORDER_DEVIATED,
        Kind.ORDER_FAILED,
        Kind.FIX_MARKED,
        Kind.GATE_SHUT,
        Kind.GATE_OPENED,
        Kind.RESTARTED,
        Kind.RELAPSE,
        Kind.WATCH_ENDED,
        Kind.STOOD_DOWN,
        Kind.MERGED,
    }
)
"""Kinds of entry that a reader of the review needs; the ledger has all of them."""
LOOKS: Final = (timedelta(days=30), timedelta(days=90))
"""After the close, when it is looked whether the cause has come back."""


class ReviewSources(Frozen):
    """Everything that a review is made from."""

    view: IncidentView
    opening: OpenIncident | None = None
    entries: tuple[Entry, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    potential: Band | None = Field(None, description="of a near miss: had nobody caught it")
    needed: tuple[DurableControlNeeded, ...] = Field((), description="findings that name this incident")
    failure_class: FailureClass = FailureClass.UNKNOWN
    proposals: tuple[Proposal, ...] = ()
    changes: tuple[Change, ...] = ()
    words: tuple[Words, ...] = ()


def build_review(sources: ReviewSources) -> Review:
    """Return the review as it stands; the same sources always give the same review."""
    found, words = {name: _MADE[name](sources) for name in PARTS}, newest(sources.words)
    return Review(
        incident=sources.view.incident,
        severity=sources.view.severity,
        head=sources.view.head,
        parts={
            name: ReviewPart(found=content, questions=(*ASKED[name], *asked), words=words.get(name))
            for name, (content, asked) in found.items()
        },
    )


Made = tuple[Found, list[str]]


def _what_happened(sources: ReviewSources) -> Made:
    view, opening = sources.view, sources.opening
    impact = view.impact
    found: Found = {
        "system": view.system,
        "type": opening.type if opening else None,
        "channel": opening.channel if opening else None,
        "classification": view.classification.value,
        "severity": view.severity.value,
        "severity_at_first": opening.severity.value if opening else None,
        "occurred_at": _time(opening.occurred_at if opening else None),
        "detected_at": _time(view.detected_at),
        "opened_at": _time(view.opened_at),
        "contained_at": _time(view.contained_at),
        "seconds_to_detect": _seconds(opening.occurred_at if opening else None, view.detected_at),
        "seconds_to_contain": _seconds(view.detected_at, view.contained_at),
        "detections": view.joined + 1,
        "outputs": impact.counted.outputs if impact.counted else None,
        "users": impact.counted.users if impact.counted else None,
        "records": impact.counted.records if impact.counted else None,
        "records_listed": impact.affected.all,
        "records_corrected": impact.affected.corrected,
        "records_not_correctable": impact.affected.cannot,
        "severity_changes": [_entry(one) for one in sources.entries if one.kind in _SEVERITY],
        "timeline": [_entry(one) for one in sources.entries if one.kind in TELLING],
    }
    if _near_miss(sources):
        potential = sources.potential.value if sources.potential else None
        found |= {"near_miss": True, "actual_severity": Band.LOW.value, "potential_severity": potential}
    asked = []
    if opening is not None and opening.occurred_at is None:
        asked.append("When did it begin? Nobody has said, so the time to detection is unknown.")
    if impact.counted is None:
        asked.append("How many people and records did it reach? Nobody has stood for a number.")
    if _near_miss(sources):
        asked.append("What would have happened if nobody had caught it?")
    return found, asked


def _controls(sources: ReviewSources) -> Made:
    view = sources.view
    findings = view.findings
    passed = findings.get("reviewer_passed_it")
    found: Found = {
        "cause": findings.get("root_cause"),
        "failure_class": sources.failure_class.value,
        "failed_control": findings.get("failed_control"),
        "reviewer_passed_it": passed,
        "levers": [_lever(one) for one in view.orders],
        "durable_control_needed": [one.model_dump(mode="json") for one in sources.needed],
        "questions_decided": [_decision(one) for one in view.decisions if not one.superseded],
        "deadlines_missed": sum(one.breached for one in view.decisions),
    }
    asked = [
        f"Why did {one.order.lever.id} not hold when it was looked at?"
        for one in view.orders
        if one.state in (OrderState.UNPROVEN, OrderState.FAILED)
    ]
    asked += [f"{one.sentence} Which one will you build?" for one in sources.needed]
    if passed in ("yes", "unknown"):
        asked.append("What did the reviewer see on the screen, and how long did they have?")
    if any(one.breached for one in view.decisions):
        asked.append("What kept people from answering in time?")
    return found, asked


def _evidence(sources: ReviewSources) -> Made:
    view, manifests = sources.view, sources.manifests
    cause = view.findings.get("root_cause")
    rows = sources.opening.plan.rows if sources.opening else ()
    whole = completeness([taken(one) for one in manifests], rows=rows, later=from_ledger(view))
    gaps: list[JsonValue] = [
        {"snapshot": one.snapshot, "row": gap.row, "reason": gap.reason.value, "source": gap.source}
        for one in manifests
        for gap in one.gaps
    ]
    lacking = vendor_evidence_missing(cause, manifests)
    found: Found = {
        "snapshots": [
            {
                "snapshot": one.snapshot,
                "sealed_at": _time(one.sealed_at),
                "items": len(one.items),
                "root": one.root(),
            }
            for one in manifests
        ],
        "missing_log_rate": whole.missing_log_rate if whole else None,
        "gaps_named": gaps,
        "vendor_evidence": dict[str, JsonValue](vendor_evidence(cause, manifests)),
        "vendor_evidence_missing": list[JsonValue](lacking),
    }
    asked = [f"The cause is the vendor's: who has {one}? It is not among the evidence." for one in lacking]
    if gaps:
        asked.append("Which of the gaps would have shown the cause sooner, and can it be had next time?")
    return found, asked


def _changed(sources: ReviewSources) -> Made:
    view = sources.view
    evaluation = view.evaluation
    found: Found = {
        "fixed_at": _time(view.fixed_at),
        "changes": [_change(one) for one in sources.changes],
        "evaluation": evaluation.model_dump(mode="json") if evaluation else None,
        "gate_runs": [_entry(one) for one in sources.entries if one.kind in _GATE],
        "records_corrected": view.impact.affected.corrected,
        "records_open": view.impact.affected.open,
        "proposed": [one.model_dump(mode="json") for one in sources.proposals],
    }
    taken_over = {one.type for one in sources.changes}
    asked = [
        f"Why is nothing of this type changed: {one.change}"
        for one in sources.proposals
        if one.type not in taken_over
    ]
    if not sources.changes:
        asked.append("Nothing is on record as changed yet: who changes what, until when?")
    return found, asked


def _recurrence(sources: ReviewSources) -> Made:
    view, opening = sources.view, sources.opening
    still = [one for one in sources.changes if one.state is ChangeState.OPEN]
    found: Found = {
        "recurrence_of": (opening.recurrence_of or "none") if opening else None,
        "relapses": view.relapses,
        "watch_until": _time(view.watch_until),
        "own_case_in_suite": view.evaluation.incident_case if view.evaluation else None,
        "looked_again_after_days": [one.days for one in LOOKS],
        "compared_by": {
            "system": view.system,
            "cause": view.findings.get("root_cause"),
            "failed_control": view.findings.get("failed_control"),
        },
        "changes_open": [one.id for one in still],
        "last_change_due": _time(max((one.due for one in still), default=None)),
        "eval_case": f"andon eval-case {view.incident}",
    }
    asked = []
    if view.evaluation is None or view.evaluation.incident_case is None:
        asked.append("Who puts this incident's case into the suite, so that it is tried on every release?")
    if opening is not None and opening.recurrence_of is not None:
        asked.append(f"Why did what was changed after {opening.recurrence_of} not keep it away?")
    if view.relapses:
        asked.append("It came back under watch: what did the fix before not see?")
    return found, asked


_MADE: Final[dict[str, Callable[[ReviewSources], Made]]] = {
    "what_happened": _what_happened,
    "controls": _controls,
    "evidence": _evidence,
    "changed": _changed,
    "recurrence": _recurrence,
}
_SEVERITY: Final = frozenset({Kind.SEVERITY_RAISED, Kind.SEVERITY_LOWERED})
_GATE: Final = frozenset({Kind.GATE_OPENED, Kind.GATE_SHUT})


def _near_miss(sources: ReviewSources) -> bool:
    return sources.view.classification is Classification.NEAR_MISS


def _entry(entry: Entry) -> Found:
    return {
        "at": _time(entry.at),
        "what": entry.kind,
        "about": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "who": entry.actor,
    }


def _lever(record: OrderRecord) -> Found:
    order, proof = record.order, record.proof
    proven_at = proof.at if proof and proof.held else None
    return {
        "lever": order.lever.id,
        "verb": order.lever.verb.value,
        "state": record.state.value,
        "ordered_at": _time(order.ordered_at),
        "proven_at": _time(proven_at),
        "seconds_to_proof": _seconds(order.ordered_at, proven_at),
        "seen_by": proof.via if proof else None,
        "attempts": record.attempts,
    }


def _decision(record: DecisionRecord) -> Found:
    return {
        "question": record.request.id,
        "outcome": record.effect,
        "by": _people(record),
        "breached": record.breached,
        "closed_at": _time(record.closed_at),
    }


def _people(record: DecisionRecord) -> str:
    return ", ".join(f"{one.person} ({one.role.value})" for one in record.accepted)


def _change(change: Change) -> Found:
    return {
        "change": change.id,
        "type": change.type.value,
        "owner": change.owner,
        "due": _time(change.due),
        "state": change.state.value,
        "removes_the_cause": change.fixes,
        "said_in": change.said_in,
    }


def _seconds(begun: Instant | None, ended: Instant | None) -> float | None:
    """Return the seconds between, to the millisecond; an end before its beginning is no measurement."""
    if begun is None or ended is None or ended < begun:
        return None
    return round((ended - begun).total_seconds(), 3)


def _time(at: Instant | None) -> str | None:
    return at.isoformat() if at is not None else None


def of_interest(needed: Sequence[DurableControlNeeded], home: str) -> tuple[DurableControlNeeded, ...]:
    """Return the findings that name an incident."""
    return tuple(one for one in needed if home in one.homes)
