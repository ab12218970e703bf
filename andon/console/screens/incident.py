"""The page of one incident."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from andon.console.models.decision import DecisionShown
from andon.console.models.evidence import EvidenceSummary
from andon.console.models.incident import IncidentShown, OrderShown
from andon.console.models.proposal import Askable
from andon.console.screens.called import CalledBox, called_box
from andon.console.screens.completeness import complete_in_words, gaps_by_reason, row_detail, row_state
from andon.console.screens.course import (
    MarkLine,
    QuestionAnswered,
    StageLine,
    mark_lines,
    questions_answered,
    stage_lines,
)
from andon.console.screens.known import KnownBox, TimeLine, known_box, time_lines
from andon.console.screens.moments import Moment, lasting, maybe, moment
from andon.console.screens.parts import IncidentLine, QuestionLine, incident_line, question_line
from andon.console.screens.promised import PromisedLine, promised_lines
from andon.console.screens.reach import ReachBox, reach_box
from andon.console.screens.tied import TiedBox, tied_box
from andon.console.screens.timeline import Event, event
from andon.console.screens.words import ENDINGS, ORDERS, Status, action, inert, listed, lower, plain
from andon.domain.containment import BY_HAND
from andon.domain.escalation import QUESTIONS as SEVEN
from andon.domain.gate import EvaluationResult
from andon.domain.ledger import Entry


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One containment order."""

    what: str
    lever: str
    state: Status
    proof: str
    proven: Moment | None
    note: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of the evidence list."""

    name: str
    state: Status
    detail: str


@dataclass(frozen=True, slots=True)
class EvidenceBox:
    """The newest sealed snapshot."""

    summary: str
    root: str
    sealed: Moment
    missing: str
    gaps: tuple[tuple[str, str], ...]
    rows: tuple[RowLine, ...]


@dataclass(frozen=True, slots=True)
class GateBox:
    """The gate, and the evaluation it judges."""

    state: Status
    advice: tuple[str, ...]
    evaluation: str
    finished: Moment | None
    failed: tuple[str, ...]
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskableLine:
    """Something the reader may ask to have decided; `asked` is the open question, if it is asked."""

    kind: str
    title: str
    asked: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the incident is, since when, and how often it came up."""

    ending: str
    contained_after: str
    joined: int
    relapses: int
    refused: int
    recurrence_of: str | None
    watch_until: Moment | None


@dataclass(frozen=True, slots=True)
class Questions:
    """Its questions, what runs out first at the top."""

    open: tuple[QuestionLine, ...]
    closed: tuple[QuestionLine, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """Its stages, the seven questions, and what stays on record for ever."""

    stages: tuple[StageLine, ...]
    questions: tuple[QuestionAnswered, ...]
    marks: tuple[MarkLine, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Its newest entries, the end of its ledger, and its workflow."""

    events: tuple[Event, ...]
    entries: int
    head: str
    workflow_id: str
    temporal_url: str | None


@dataclass(frozen=True, slots=True)
class IncidentScreen:
    """The page of one incident."""

    line: IncidentLine
    facts: Facts
    questions: Questions
    course: Course
    record: Record
    rules: tuple[tuple[str, str], ...]
    called: CalledBox
    tied: TiedBox
    known: KnownBox | None
    times: tuple[TimeLine, ...]
    guidance: str
    lead: str
    undelivered: int
    senders: tuple[tuple[str, str, Moment], ...]
    askable: tuple[AskableLine, ...]
    orders: tuple[OrderLine, ...]
    evidence: EvidenceBox | None
    gate: GateBox | None
    findings: tuple[tuple[str, str], ...]
    begun: bool
    reach: ReachBox
    changes: tuple[PromisedLine, ...]


def incident_screen(
    incident: IncidentShown,
    entries: Sequence[Entry],
    now: datetime,
    *,
    mine: frozenset[str],
    askable: Sequence[Askable],
) -> IncidentScreen:
    """Return the page.

    `entries` are the latest, newest first, `mine` the questions that wait for the reader, `askable` what
    they may ask to have decided.
    """
    return IncidentScreen(
        line=incident_line(incident, now, linked=True),
        facts=_facts(incident, now),
        questions=_questions(incident, mine, now),
        course=_course(incident, now),
        record=_record(incident, entries, now),
        rules=tuple((one.rule, one.why) for one in incident.reasons),
        called=called_box(incident),
        tied=tied_box(incident, now),
        known=known_box(incident.explained, now),
        times=time_lines(incident, now),
        guidance=incident.guidance,
        lead=incident.lead or "",
        undelivered=len(incident.undelivered),
        senders=_senders(incident, now),
        askable=_askable(askable),
        orders=tuple(_order(one, now) for one in incident.orders),
        evidence=evidence_box(incident.evidence, now),
        gate=gate_box(incident, now),
        findings=_findings(incident),
        begun=incident.version > 0,
        reach=reach_box(incident.impact, incident.findings.get("blast_radius")),
        changes=promised_lines(incident.id, incident.changes, now),
    )


def _facts(incident: IncidentShown, now: datetime) -> Facts:
    return Facts(
        ending=ENDINGS[incident.ending] if incident.ending else "",
        contained_after=_contained_after(incident),
        joined=incident.joined,
        relapses=incident.relapses,
        refused=incident.refused,
        recurrence_of=incident.recurrence_of,
        watch_until=maybe(incident.watch_until, now),
    )


def _questions(incident: IncidentShown, mine: frozenset[str], now: datetime) -> Questions:
    open_ids = {one.id for one in incident.decisions if one.state == "open"}
    lines = [
        question_line(one, incident.id, now, mine=one.id in mine) for one in _by_urgency(incident.decisions)
    ]
    return Questions(
        open=tuple(one for one in lines if one.id in open_ids),
        closed=tuple(one for one in lines if one.id not in open_ids),
    )


def _course(incident: IncidentShown, now: datetime) -> Course:
    return Course(
        stages=stage_lines(incident.sla, now),
        questions=questions_answered(incident.escalation),
        marks=mark_lines(incident.marks, incident.id, now),
    )


def _record(incident: IncidentShown, entries: Sequence[Entry], now: datetime) -> Record:
    return Record(
        events=tuple(event(one, now) for one in entries),
        entries=incident.heads.response.length,
        head=incident.heads.response.digest,
        workflow_id=incident.temporal.workflow_id,
        temporal_url=incident.temporal.url,
    )


def _senders(incident: IncidentShown, now: datetime) -> tuple[tuple[str, str, Moment], ...]:
    return tuple(
        (one.source.partition(":")[2], one.says.value, moment(one.at, now)) for one in incident.senders
    )


def _askable(askable: Sequence[Askable]) -> tuple[AskableLine, ...]:
    return tuple(
        AskableLine(one.kind.value, one.title, one.asked)
        for one in sorted(askable, key=lambda one: one.title)
    )


def _findings(incident: IncidentShown) -> tuple[tuple[str, str], ...]:
    """Return what was found, with the class of failure before it; the seven questions stand elsewhere."""
    found = [(plain(name), lower(value)) for name, value in incident.findings.items() if name not in SEVEN]
    if incident.failure is None:
        return tuple(found)
    further = listed(list(incident.failure.further), last="and")
    kind = lower(incident.failure.primary) + (f", and {further}" if further else "")
    return (("Class of failure", kind), *found)


def evidence_box(evidence: EvidenceSummary | None, now: datetime) -> EvidenceBox | None:
    """Return the newest sealed snapshot as it is shown."""
    if evidence is None:
        return None
    items = _count(evidence.items) or "No item"
    return EvidenceBox(
        summary=f"{items}, {size(evidence.size_bytes)}, snapshot {evidence.snapshots}",
        root=evidence.root,
        sealed=moment(evidence.sealed_at, now),
        missing=complete_in_words(evidence.completeness),
        gaps=gaps_by_reason(evidence.completeness),
        rows=tuple(
            RowLine(name=plain(row.row), state=row_state(row), detail=row_detail(row))
            for row in evidence.completeness.rows
        ),
    )


def _count(items: int) -> str:
    return "" if not items else "1 item" if items == 1 else f"{items} items"


def size(size_bytes: int) -> str:
    """Return a size in words."""
    if size_bytes < 10_000:
        return f"{size_bytes:,} bytes"
    if size_bytes < 10_000_000:
        return f"{size_bytes / 1_000:,.0f} kB"
    return f"{size_bytes / 1_000_000:,.0f} MB"


def gate_box(incident: IncidentShown, now: datetime) -> GateBox | None:
    """Return the gate as it is shown; None before it was first judged."""
    gate, evaluation = incident.gate, incident.evaluation
    if gate is None:
        return None
    state = Status("Open", "✓", "good") if gate.open else Status("Shut", "✕", "bad")
    return GateBox(
        state=state,
        advice=gate.advice,
        evaluation=_evaluation(evaluation) if evaluation else "No evaluation has finished.",
        finished=maybe(evaluation.finished_at if evaluation else None, now),
        failed=evaluation.failed if evaluation else (),
        beside=gate.beside,
    )


def _evaluation(result: EvaluationResult) -> str:
    own = {True: "passes", False: "fails", None: "was not in the run"}[result.incident_case]
    passed = result.finished - len(result.failed)
    return f"{passed} of {result.total} cases of {result.suite} pass; the incident's own case {own}."


def _by_urgency(decisions: Sequence[DecisionShown]) -> list[DecisionShown]:
    return sorted(decisions, key=lambda one: one.deadline.timestamp() if one.deadline else float("inf"))


def _contained_after(incident: IncidentShown) -> str:
    if incident.contained_at is None or incident.detected_at is None:
        return ""
    milliseconds = (incident.contained_at - incident.detected_at).total_seconds() * 1000
    if milliseconds < 0:
        return ""
    span = (
        f"{milliseconds:.0f} ms"
        if milliseconds < 1000
        else lasting(incident.contained_at - incident.detected_at)
    )
    return f"{span} after detection"


def seen_by(saw: str, via: str) -> str:
    """Say what a probe saw, and through what; what a flag says in words, with its own word beside."""
    flag = {"false": "not allowed", "true": "allowed"}.get(saw.partition("/")[0])
    return f"{f'{flag} ({inert(saw)})' if flag else inert(saw)}, read through {inert(via)}"


def _order(order: OrderShown, now: datetime) -> OrderLine:
    proof = order.proof
    return OrderLine(
        what=action(order.verb, order.target),
        lever=order.lever,
        state=ORDERS[order.state],
        proof=seen_by(proof.saw, proof.via) if proof else "no probe has looked yet",
        proven=maybe(proof.at if proof else None, now),
        note=". ".join(_notes(order)),
    )


def _notes(order: OrderShown) -> Iterator[str]:
    if order.kept:
        yield "Kept: it stays held after the end, by decision"
    if order.still_open not in ("", order.state.value):
        yield f"Still open: {order.still_open}"
    if order.adapter == BY_HAND:
        yield "There is no lever: asked of a person"
    elif order.gap:
        yield f"State before not captured: {lower(order.gap)}"
