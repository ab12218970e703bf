"""How far an incident reaches, on its pages: sums on its own page, counts and hypotheses on theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.reach import HypothesisShown, ReachShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import Status, inert, lower, plain
from andon.domain.affected import AffectedRecord, RecordState
from andon.domain.evidence import EvidenceItem
from andon.domain.impact import COUNTS, Basis, Finding, Impact
from andon.domain.reach import Leaning, Missing, Number, Reached, Start

ITEMS_AT_MOST: Final = 200
RECORDS_AT_MOST: Final = 500
STARTS: Final = {
    Start.FIRST_BAD_VERSION: "when the version that gave the bad output was first seen",
    Start.STATED: "when it is stated to have begun",
    Start.DETECTED: "the time before the detection that the playbook looks back",
}
LACKS: Final = {
    Missing.NO_TRAFFIC: "no span of this time is in the record: what happened in it is not known",
    Missing.RECORD_BEGINS_LATER: "the record begins later than what is counted",
    Missing.CUT_AT_LIMIT: "there are more spans than were read; the newest were",
    Missing.NO_VERSIONS: "the spans of the bad output name no version",
    Missing.NO_NAMED_TRACE: "no detection names a trace, so no version can be told to be bad",
    Missing.VERSION_RAN_BEFORE: "the bad version ran already when the record begins",
    Missing.NO_USERS: "not every request names its user",
    Missing.NO_RECORD_RULE: "the AI system's file does not say which arguments are record ids",
}
REASONS: Final = {
    "others_run_what_is_new": "other AI systems run what is new in it",
    "one_user": "every request is of one user",
    "one_segment_of_several": "every request is of one group, and others had traffic too",
    "part_of_the_traffic": "only a part of the requests ran on the bad version",
    "all_traffic_since": "every request since then ran on it",
    "no_version_tells_them_apart": "nothing tells good requests from bad ones",
    "part_of_the_record_is_missing": "a part of the record is missing",
    "nothing_was_seen": "the record holds nothing of it",
}
BLASTS: Final = {
    "isolated": "one user or one case",
    "segment": "one group of users or cases",
    "workflow": "every case of this AI system",
    "system": "more than this AI system",
    "unknown": "not known",
}
LEANINGS: Final = {
    Leaning.FOR: "the record speaks for it",
    Leaning.AGAINST: "the record speaks against it",
    Leaning.OPEN: "the record does not tell",
}
FINDINGS: Final = {
    Finding.CONFIRMED: Status("confirmed", "✓", "good"),
    Finding.RULED_OUT: Status("ruled out", "○", "quiet"),
    None: Status("open", "…", "warn"),
}
STATES: Final = {
    RecordState.OPEN: Status("to correct", "…", "warn"),
    RecordState.CORRECTED: Status("corrected", "✓", "good"),
    RecordState.CANNOT: Status("can't be corrected", "-", "quiet"),
}


@dataclass(frozen=True, slots=True)
class ReachBox:
    """What is on record of the reach, on the page of the incident."""

    decided: str
    counts: str
    settled: str
    records: str
    open_records: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """One number."""

    what: str
    value: str
    basis: str
    detail: str


@dataclass(frozen=True, slots=True)
class HypothesisLine:
    """One hypothesis of the pattern question."""

    code: str
    says: str
    record: str
    state: Status
    evidence: str
    who: str


@dataclass(frozen=True, slots=True)
class ReachScreen:
    """The page on whom and what an incident reached."""

    incident: IncidentLine
    box: ReachBox
    since: Moment
    until: Moment
    start: str
    requests: str
    changed: tuple[tuple[str, str], ...]
    elsewhere: str
    counts: tuple[CountLine, ...]
    tools: tuple[tuple[str, int], ...]
    lacks: tuple[str, ...]
    suggested: str
    reasons: tuple[str, ...]
    hypotheses: tuple[HypothesisLine, ...]
    items: tuple[str, ...]
    not_listed: int
    typed: dict[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One affected record."""

    number: int
    system: str
    id: str
    field: str
    before: str
    after: str
    state: Status
    because: str
    who: str
    settled: Moment | None


@dataclass(frozen=True, slots=True)
class AffectedScreen:
    """The page of affected records."""

    incident: IncidentLine
    said: str
    open: int
    lines: tuple[RecordLine, ...]
    more: int
    not_listed: int
    typed: dict[str, str]
    problem: str


def reach_box(impact: Impact, blast_radius: str | None) -> ReachBox:
    """Return what is on record of the reach."""
    closed = len(impact.hypotheses)
    return ReachBox(
        decided=BLASTS.get(blast_radius or "", "") or "not decided yet",
        counts=_stated(impact),
        settled=f"{closed} of {closed + len(impact.unsettled)} hypotheses closed",
        records=impact.affected.reconciled() if impact.affected.all else "no record is on the list",
        open_records=impact.affected.open,
    )


def reach_screen(
    incident: IncidentShown,
    reach: ReachShown,
    items: list[EvidenceItem],
    now: datetime,
    *,
    typed: dict[str, str],
    problem: str,
) -> ReachScreen:
    """Return the page; after a problem with what was typed."""
    found = reach.found
    return ReachScreen(
        incident=incident_line(incident, now, linked=True),
        box=reach_box(incident.impact, reach.blast_radius),
        since=moment(found.since, now),
        until=moment(found.until, now),
        start=STARTS[found.start],
        requests=f"{found.affected} of {found.requests} requests in this time",
        changed=tuple((name, inert(value)) for name, value in found.changed.items()),
        elsewhere=", ".join(found.other_systems),
        counts=tuple(count_line(one) for one in found.numbers),
        tools=tuple((inert(name), runs) for name, runs in found.by_tool.items()),
        lacks=tuple(LACKS[one] for one in found.missing),
        suggested=BLASTS[found.suggested],
        reasons=tuple(REASONS[one] for one in found.reasons),
        hypotheses=tuple(_hypothesis(one) for one in reach.hypotheses),
        items=tuple(one.id for one in items[:ITEMS_AT_MOST]),
        not_listed=reach.not_listed,
        typed=typed or _offered(found, now),
        problem=problem,
    )


def affected_screen(
    incident: IncidentShown,
    records: list[AffectedRecord],
    now: datetime,
    *,
    not_listed: int,
    typed: dict[str, str],
    problem: str,
) -> AffectedScreen:
    """Return the page: what is to correct first."""
    ordered = sorted(records, key=lambda one: (one.state is not RecordState.OPEN, one.number))
    tally = incident.impact.affected
    return AffectedScreen(
        incident=incident_line(incident, now, linked=True),
        said=tally.reconciled(),
        open=tally.open,
        lines=tuple(_record(one, now) for one in ordered[:RECORDS_AT_MOST]),
        more=max(len(ordered) - RECORDS_AT_MOST, 0),
        not_listed=not_listed,
        typed=typed,
        problem=problem,
    )


def _stated(impact: Impact) -> str:
    stated = impact.counted
    if stated is None:
        return "no numbers are on record"
    numbers = ", ".join(
        f"{lower(name)} {'not known' if (one := getattr(stated, name)) is None else one}" for name in COUNTS
    )
    return f"{numbers}; {stated.basis}, stated by {stated.person}"


def count_line(one: Number) -> CountLine:
    """Return one count with its basis."""
    value = "not known" if one.value is None else f"{one.value:,}"
    seen = f"{one.counted:,} seen in the record" if one.basis is Basis.ESTIMATED else ""
    why = "; ".join(LACKS[code] for code in one.why)
    return CountLine(
        what=plain(one.what),
        value=f"about {value}" if one.basis is Basis.ESTIMATED else value,
        basis=plain(one.basis),
        detail="; ".join(part for part in (seen, why) if part),
    )


def _hypothesis(one: HypothesisShown) -> HypothesisLine:
    return HypothesisLine(
        code=one.hypothesis,
        says=one.says,
        record=LEANINGS[one.record],
        state=FINDINGS[one.finding],
        evidence=one.evidence,
        who=one.person or "",
    )


def _record(one: AffectedRecord, now: datetime) -> RecordLine:
    return RecordLine(
        number=one.number,
        system=inert(one.system),
        id=inert(one.id),
        field=inert(one.field),
        before="not known" if one.before is None else inert(one.before),
        after="not known" if one.after is None else inert(one.after),
        state=STATES[one.state],
        because=inert(one.because),
        who=one.settled_by or one.listed_by,
        settled=maybe(one.settled_at, now),
    )


def _offered(found: Reached, now: datetime) -> dict[str, str]:
    """Return the counts that were found, for the form in which a person makes them theirs."""
    numbers = {one.what: "" if one.value is None else str(one.value) for one in found.numbers}
    counted = all(one.basis is Basis.COUNTED for one in found.numbers if one.value is not None)
    return {
        **numbers,
        "since": found.since.astimezone(now.tzinfo).strftime("%Y-%m-%dT%H:%M:%S"),
        "basis": (Basis.COUNTED if counted else Basis.ESTIMATED).value,
    }
