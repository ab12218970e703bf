"""The minimum AI incident file: one incident in eight parts, each complete or saying what it lacks.

It holds ids, codes, times and digests; the words people wrote are named by their sealed text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from andon.domain.completeness import completeness, from_ledger, taken
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.escalation import QUESTIONS
from andon.domain.evidence import Manifest
from andon.domain.incident import Ending, IncidentView, OpenIncident
from andon.domain.ledger import Entry, Kind
from andon.domain.lessons import Causes
from andon.domain.review import NEEDED_FROM, TITLES, Words, newest
from andon.domain.review import PARTS as REVIEWED
from andon.domain.severity import Band
from andon.domain.system import AISystem
from andon.domain.values import Frozen
from andon.domain.vendor import vendor_evidence

FORMAT: Final = "andon-incident-file/1"

PARTS: Final = (
    "what_happened",
    "classification",
    "affected",
    "containment",
    "evidence",
    "decisions",
    "cause_and_correction",
    "restart_and_lessons",
)

STOOD_DOWN: Final = frozenset({Ending.FALSE_POSITIVE, Ending.QUALITY_ISSUE})
"""Endings after which nothing had to be diagnosed, corrected or restarted."""

NOT_NEEDED_AFTER_STANDING_DOWN: Final = frozenset({"affected", "cause_and_correction", "restart_and_lessons"})

APPROVALS: Final = frozenset(
    {
        DecisionKind.CUSTOMER_NOTIFICATION,
        DecisionKind.PUBLIC_STATEMENT,
        DecisionKind.EXTERNAL_COUNSEL,
        DecisionKind.SHUTDOWN_REVENUE_FEATURE,
        DecisionKind.NOTIFY_REGULATOR,
        DecisionKind.RATIFICATION,
        DecisionKind.NO_CHANGE_CLOSURE,
        DecisionKind.SEVERITY_DOWNGRADE,
        DecisionKind.RAW_EVIDENCE,
    }
)
"""What nobody may do before others have agreed."""
OVERRIDES: Final = frozenset(
    {DecisionKind.EXECUTIVE_OVERRIDE, DecisionKind.GATE_EXCEPTION, DecisionKind.THRESHOLD_CHANGE}
)
EXTENSIONS: Final = frozenset({DecisionKind.CLOCK_EXTENSION})

Part = dict[str, Any]


class FileSources(Frozen):
    """Everything an incident file is made from."""

    view: IncidentView
    opening: OpenIncident | None = None
    system: AISystem | None = None
    detections: tuple[dict[str, Any], ...] = ()
    manifests: tuple[Manifest, ...] = ()
    entries: tuple[Entry, ...] = ()
    accesses: tuple[Entry, ...] = Field((), description="the access chain: reads, exports, holds, erasure")
    openings: tuple[dict[str, Any], ...] = Field((), description="who was first shown what, and when")
    notices: tuple[dict[str, Any], ...] = ()
    words: tuple[Words, ...] = Field((), description="what people wrote in the review, all versions")
    causes: Causes | None = Field(None, description="of the policy it is pinned to; None: it has none")
    taken_in: dict[str, tuple[Manifest, ...]] = Field(
        default_factory=dict, description="manifests of the incidents merged into it"
    )


def build_file(sources: FileSources) -> dict[str, Any]:
    """Return the incident file; the same sources always give the same file."""
    built = {
        "what_happened": _what_happened(sources),
        "classification": _classification(sources),
        "affected": _affected(sources),
        "containment": _containment(sources),
        "evidence": _evidence(sources),
        "decisions": _decisions(sources),
        "cause_and_correction": _cause(sources),
        "restart_and_lessons": _restart(sources),
    }
    view = sources.view
    stood_down = view.ending in STOOD_DOWN
    parts: dict[str, Part] = {}
    for number, name in enumerate(PARTS, start=1):
        content, needed = built[name]
        skipped = stood_down and name in NOT_NEEDED_AFTER_STANDING_DOWN
        missing = [] if skipped else [one for one, there in needed.items() if not there]
        parts[name] = {"part": number, "not_applicable": skipped, "missing": missing, **content}
    return {
        "format": FORMAT,
        "incident": view.incident,
        "ending": view.ending,
        "head": view.head.model_dump(mode="json"),
        "complete": not any(part["missing"] for part in parts.values()),
        "missing": [f"{name}: {one}" for name, part in parts.items() for one in part["missing"]],
        "parts": parts,
    }


Needed = Mapping[str, object]
"""What a part must hold, by name: a false value is missing."""


def _what_happened(sources: FileSources) -> tuple[Part, Needed]:
    view, opening, system = sources.view, sources.opening, sources.system
    content = {
        "system": view.system,
        "system_record": system.model_dump(mode="json", exclude={"evaluation"}) if system else None,
        "type": opening.type if opening else None,
        "channel": opening.channel if opening else None,
        "source": opening.source if opening else None,
        "title": opening.title if opening else None,
        "occurred_at": _time(opening.occurred_at if opening else None),
        "detected_at": _time(view.detected_at),
        "opened_at": _time(view.opened_at),
        "contained_at": _time(view.contained_at),
        "closed_at": _time(view.closed_at),
        "recurrence_of": opening.recurrence_of if opening else None,
        "exercise": view.exercise,
        "joined": view.joined,
        "stages": _dumped(view.stages),
        "detections": list(sources.detections),
        "versions_captured": sorted(
            item.sha256
            for manifest in sources.manifests
            for item in manifest.items
            if item.kind == "deployment_history"
        ),
        "policy": opening.plan.policy if opening else None,
        "playbook": opening.plan.playbook if opening else None,
    }
    return content, {
        "how the incident was opened": opening,
        "the detections": sources.detections,
        "the AI system's record": system,
    }


def _classification(sources: FileSources) -> tuple[Part, Needed]:
    view = sources.view
    content = {
        "classification": view.classification,
        "severity": view.severity,
        "severity_at_first": sources.opening.severity if sources.opening else None,
        "provisional": view.provisional,
        "fired_rules": list(view.fired_rules),
        "changes": _entries(sources.entries, Kind.SEVERITY_RAISED, Kind.SEVERITY_LOWERED),
    }
    return content, {"the rules that fired": view.fired_rules or view.severity is Band.LOW}


def _affected(sources: FileSources) -> tuple[Part, Needed]:
    impact, stated = _latest(sources.view, DecisionKind.IMPACT), sources.view.impact
    findings = _findings(impact)
    content = {
        "scope": impact.effect if impact else None,
        "findings": findings,
        "reported": [one["facts"] for one in sources.detections if one.get("facts")],
        "unknown": sorted(name for name, value in findings.items() if value == "unknown"),
        "questions": {name: findings.get(name) for name in QUESTIONS},
        "learned": _entries(sources.entries, Kind.FACTS_LEARNED),
        "brought_in": _entries(sources.entries, Kind.ROLES_JOINED),
        "counted": stated.counted.model_dump(mode="json") if stated.counted else None,
        "hypotheses": {name: one.model_dump(mode="json") for name, one in stated.hypotheses.items()},
        "hypotheses_open": list(stated.unsettled),
        "records": {**stated.affected.model_dump(mode="json"), "open": stated.affected.open},
    }
    return content, {
        "an impact assessment": content["scope"],
        "what became of each affected record": not stated.affected.open,
    }


def _containment(sources: FileSources) -> tuple[Part, Needed]:
    view = sources.view
    content = {
        "contained": view.contained,
        "contained_at": _time(view.contained_at),
        "orders": _dumped(view.orders),
        "levers_lacking": _entries(sources.entries, Kind.LEVER_LACKING),
        "refused_releases": _entries(sources.entries, Kind.RELEASE_REFUSED),
    }
    return content, {f"proof that {record.order.lever.id} was held": record.proof for record in view.orders}


def _evidence(sources: FileSources) -> tuple[Part, Needed]:
    newest = sources.manifests[-1] if sources.manifests else None
    whole = completeness(
        [taken(one) for one in sources.manifests],
        rows=sources.opening.plan.rows if sources.opening else (),
        later=from_ledger(sources.view),
    )
    content = {
        "snapshots": [_snapshot(manifest) for manifest in sources.manifests],
        "seals": [seal.root for seal in sources.view.seals],
        "completeness": whole.model_dump(mode="json") if whole else None,
        "missing_log_rate": whole.missing_log_rate if whole else None,
        "opened_by": list(sources.openings),
        "accesses": _dumped(sources.accesses),
    }
    if sources.taken_in:
        content["merged"] = {
            incident: [_snapshot(manifest) for manifest in manifests]
            for incident, manifests in sorted(sources.taken_in.items())
        }
    return content, {"a sealed manifest": newest}


def _snapshot(manifest: Manifest) -> Part:
    return {
        "snapshot": manifest.snapshot,
        "root": manifest.root(),
        "sealed_at": _time(manifest.sealed_at),
        "items": len(manifest.items),
        "items_by_kind": dict(sorted(Counter(item.kind for item in manifest.items).items())),
        "rows": _dumped(manifest.rows),
        "gaps": _dumped(manifest.gaps),
        "leftovers": list(manifest.leftovers),
    }


def _decisions(sources: FileSources) -> tuple[Part, Needed]:
    view = sources.view
    triage = _latest(view, DecisionKind.TRIAGE)
    entries = sources.entries
    content = {
        "decisions": [_decision(record) for record in view.decisions],
        "approvals": [_decision(one) for one in view.decisions if one.request.kind in APPROVALS],
        "overrides": [_decision(one) for one in view.decisions if one.request.kind in OVERRIDES],
        "proposed": _entries(entries, Kind.PROPOSED),
        "proposals_refused": _entries(entries, Kind.PROPOSAL_REFUSED),
        "carried_out": _entries(entries, Kind.CARRIED_OUT),
        "refused": _entries(entries, Kind.RESPONSE_REFUSED),
        "refused_in_all": view.refused,
        "answered_unopened": [
            one for one in _entries(entries, Kind.RESPONSE_ACCEPTED) if one["facts"].get("unopened")
        ],
        "breaches": _entries(entries, Kind.DEADLINE_BREACHED),
        "breaches_withdrawn": _entries(entries, Kind.BREACH_WITHDRAWN),
        "stages_overdue": _entries(entries, Kind.STAGE_OVERDUE),
        "extensions": [_decision(one) for one in view.decisions if one.request.kind in EXTENSIONS],
        "expired": _entries(entries, Kind.DECISION_EXPIRED),
        "reminders": _entries(entries, Kind.REMINDED),
        "escalations": _entries(entries, Kind.ESCALATED),
        "lead": view.lead,
        "lead_changes": _entries(entries, Kind.LEAD_NAMED),
        "without_lead": _entries(entries, Kind.LEAD_MISSING),
        "owner_first_heard": view.acknowledgement.model_dump(mode="json") if view.acknowledgement else None,
        "owner_silent": _entries(entries, Kind.OWNER_SILENT),
        "declared": _entries(entries, Kind.DECLARED),
        "declarations_refused": _entries(entries, Kind.DECLARATION_REFUSED),
        "tasks": _dumped(view.tasks),
        "tasks_overdue": _entries(entries, Kind.TASK_OVERDUE),
        "notices": list(sources.notices),
        "undelivered": _entries(entries, Kind.NOTICE_UNDELIVERED),
    }
    return content, {"a triage decision": triage and triage.effect}


def _decision(record: DecisionRecord) -> Part:
    request = record.request
    return {
        "id": request.id,
        "kind": request.kind,
        "requested_by": request.requested_by,
        "about": request.about,
        "text": request.subject,
        "excluded": list(request.excluded),
        "opened_at": _time(request.opened_at),
        "deadline": _time(request.deadline),
        "eligible": list(request.eligible),
        "request": request.digest(),
        "outcome": record.outcome,
        "default_applied": request.default if record.defaulted else None,
        "breached": record.breached,
        "rungs_reached": record.rungs_reached,
        "superseded": record.superseded,
        "closed_at": _time(record.closed_at),
        "responses": _dumped(record.accepted),
    }


def _cause(sources: FileSources) -> tuple[Part, Needed]:
    view = sources.view
    diagnosis = _latest(view, DecisionKind.DIAGNOSIS)
    remediation = _latest(view, DecisionKind.REMEDIATION)
    findings = _findings(diagnosis)
    cause = diagnosis.effect if diagnosis else None
    of_vendor = vendor_evidence(cause, sources.manifests)
    content = {
        "cause": cause,
        "failure_class": _failure_class(sources, cause),
        "further_classes": [one for one in findings.get("also_class", "").split(",") if one],
        "findings": findings,
        "failed_control": findings.get("failed_control"),
        "correction": remediation.effect if remediation else None,
        "correction_findings": _findings(remediation),
        "fixes": _changes(view, fixes=True),
        "fixed_at": _time(view.fixed_at),
        "vendor_evidence": of_vendor,
    }
    return content, {
        "a cause": content["cause"],
        "the control that failed": content["failed_control"],
        "a correction": content["correction"],
        **{f"evidence of {name}": items for name, items in of_vendor.items()},
    }


def _restart(sources: FileSources) -> tuple[Part, Needed]:
    view = sources.view
    restart = _latest(view, DecisionKind.RESTART)
    lessons = _latest(view, DecisionKind.LESSONS)
    words = newest(sources.words)
    content = {
        "evaluation": view.evaluation.model_dump(mode="json") if view.evaluation else None,
        "gate": view.gate.model_dump(mode="json") if view.gate else None,
        "restart": restart.effect if restart else None,
        "restart_bound_to": restart.request.binding.model_dump(mode="json") if restart else None,
        "watch_until": _time(view.watch_until),
        "relapses": view.relapses,
        "lessons": lessons.effect if lessons else None,
        "lesson_findings": _findings(lessons),
        "changes": _changes(view, fixes=False),
        "review": {name: one.model_dump(mode="json") for name, one in words.items()},
    }
    restarted = view.ending is not Ending.NOT_RESTARTED
    return content, {
        "an evaluation": not restarted or view.evaluation,
        "a restart decision": not restarted or content["restart"],
        "a watch": not restarted or view.watch_until,
        "lessons": content["lessons"],
        **{
            f"words in the review on “{TITLES[name]}”": name in words
            for name in REVIEWED
            if view.severity >= NEEDED_FROM
        },
    }


def _failure_class(sources: FileSources, cause: str | None) -> str | None:
    """Return the one class of failure that the cause is of, by the policy the incident is pinned to."""
    if cause is None or sources.causes is None:
        return None
    return sources.causes.failure_class(cause).value


def _changes(view: IncidentView, *, fixes: bool) -> list[Part]:
    """Return the changes that removed the cause, or those that are to keep it from coming back."""
    return _dumped([one for one in view.changes.values() if one.fixes is fixes])


def _latest(view: IncidentView, kind: DecisionKind) -> DecisionRecord | None:
    found = [record for record in view.decisions if record.request.kind is kind]
    return found[-1] if found else None


def _findings(record: DecisionRecord | None) -> dict[str, str]:
    """Return what was found with the answers that count; a later answer overrides an earlier one."""
    found: dict[str, str] = {}
    for response in record.accepted if record else ():
        found.update(response.findings)
    return found


def _entries(entries: Iterable[Entry], *kinds: Kind) -> list[Part]:
    return [entry.model_dump(mode="json") for entry in entries if entry.kind in kinds]


def _dumped(models: Sequence[Any]) -> list[Part]:
    return [model.model_dump(mode="json") for model in models]


def _time(at: Any) -> str | None:
    return at.isoformat() if at is not None else None
