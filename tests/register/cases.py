"""Incidents, holds and entries that the tests of the register and the adapters share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from andon.domain.containment import Hold, Lever, Order, Verb
from andon.domain.directory import Role
from andon.domain.evidence import EvidenceRow
from andon.domain.incident import IncidentState, IncidentView, OpenIncident, view_of
from andon.domain.ledger import Chain, Entry, Head
from andon.domain.playbook import Plan, WatchPlan
from andon.domain.severity import Band, Classification
from andon.domain.stage import Stage
from andon.domain.values import NOTHING_YET
from andon.ports import SealedText

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
INCIDENT = "INC-20260302-abc123"
TITLE = SealedText(id="TXT-1", digest="a" * 64)
PAUSE = "refund_desk.allowed"
TOOL = "refund_desk.tool.issue_refund.allowed"

PLAN = Plan(
    system="refund_desk",
    owner="bela",
    playbook="general",
    policy="b" * 64,
    levers=(),
    steps=(),
    rights={},
    rows=(EvidenceRow(id="inputs", kinds=("input",)), EvidenceRow(id="outputs", kinds=("output",))),
    sources=("recorder",),
    lookback=timedelta(hours=1),
    probe_within=timedelta(seconds=5),
    capture_within=timedelta(seconds=1),
    evaluation=None,
    versions=False,
    watch=WatchPlan(window={}),
    trusted={},
)


def opening(incident: str = INCIDENT, **changes: object) -> OpenIncident:
    whole = OpenIncident(
        incident=incident,
        detection="DET-0000000000000001",
        source="source:monitor",
        channel="monitoring",
        type="unauthorised_tool_action",
        opened_at=NOW,
        occurred_at=None,
        detected_at=NOW,
        severity=Band.HIGH,
        classification=Classification.AI_INCIDENT,
        provisional=False,
        containment_required=True,
        fired_rules=("H1",),
        title="a" * 64,
        plan=PLAN,
    )
    return whole.model_copy(update=changes)


def view(incident: str = INCIDENT, *, version: int = 1, **changes: object) -> IncidentView:
    start = opening(incident)
    shown = view_of(start, IncidentState(severity=start.severity, classification=start.classification))
    return shown.model_copy(update={"version": version, "head": Head(length=version), **changes})


def closed(incident: str = INCIDENT, *, version: int = 9) -> IncidentView:
    return view(incident, version=version, stage=Stage.CLOSED, closed_at=NOW + timedelta(hours=2))


def order(number: int = 1, *, incident: str = INCIDENT, lever: str = TOOL, limit: int = 0) -> Order:
    verb = {PAUSE: Verb.PAUSE_SYSTEM, TOOL: Verb.DISABLE_TOOL}.get(lever, Verb.RATE_LIMIT)
    return Order(
        id=f"{incident}/order/{number}",
        incident=incident,
        lever=Lever(id=lever, adapter="flag", system="refund_desk", verb=verb),
        limit=limit,
        authority="playbook:general",
        assignee=Role.OPERATIONS,
        reason="unauthorised_tool_action",
        contact="bela",
        ordered_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )


def hold(number: int = 1, *, incident: str = INCIDENT, lever: str = TOOL, limit: int = 0) -> Hold:
    put = order(number, incident=incident, lever=lever, limit=limit)
    return Hold(
        order=put.id,
        incident=incident,
        lever=lever,
        limit=limit,
        reason=put.reason,
        contact=put.contact,
        since=NOW,
        expires_at=put.expires_at,
    )


def chain(length: int, *, incident: str = INCIDENT, kind: str = "stage_begun") -> list[Entry]:
    entries: list[Entry] = []
    previous = NOTHING_YET
    for sequence in range(length):
        entry = Entry(
            incident=incident,
            chain=Chain.RESPONSE,
            sequence=sequence,
            at=NOW + timedelta(seconds=sequence),
            actor="andon",
            kind=kind,
            previous=previous,
        )
        entries.append(entry)
        previous = entry.digest()
    return entries
