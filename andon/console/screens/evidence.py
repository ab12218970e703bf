"""The page of all evidence of one incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from andon.console.models.evidence import EvidenceShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.completeness import KindLine, kind_lines
from andon.console.screens.incident import EvidenceBox, evidence_box, size
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import GAPS, inert, lower, plain
from andon.domain.evidence import EvidenceItem
from andon.domain.redaction import added, by_category
from andon.domain.source_times import clock_told, in_order
from andon.domain.trace import trace_of

ITEMS_AT_MOST = 500


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One artefact that was preserved."""

    kind: str
    found: str
    source: str
    captured: Moment
    began: Moment | None
    """The source's own time for it, by our clock."""
    clock: str
    size: str
    sha256: str
    locked_until: Moment | None


@dataclass(frozen=True, slots=True)
class GapLine:
    """Something that should be there and is not."""

    row: str
    why: str
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class EvidenceScreen:
    """The page of all evidence of one incident."""

    incident: IncidentLine
    box: EvidenceBox | None
    items: tuple[ItemLine, ...]
    more: int
    gaps: tuple[GapLine, ...]
    traces: tuple[str, ...]
    kinds: tuple[KindLine, ...]
    found: str


def evidence_screen(incident: IncidentShown, evidence: EvidenceShown, now: datetime) -> EvidenceScreen:
    """Return the page."""
    items = evidence.items[:ITEMS_AT_MOST]
    return EvidenceScreen(
        incident=incident_line(incident, now, linked=True),
        box=evidence_box(incident.evidence, now),
        items=tuple(
            ItemLine(
                kind=plain(one.kind),
                found=_counts(one.found),
                source=one.source,
                captured=moment(one.captured_at, now),
                began=moment(placed.at, now) if one.source_at else None,
                clock=clock_told(one.skew_ms),
                size=size(one.size_bytes),
                sha256=one.sha256,
                locked_until=maybe(one.locked_until, now),
            )
            for placed in in_order(items)
            for one in (placed.item,)
        ),
        more=len(evidence.items) - len(items),
        gaps=tuple(
            GapLine(
                row=plain(one.row),
                why=GAPS.get(one.reason, lower(one.reason)),
                source=one.source,
                detail=inert(one.detail),
            )
            for one in evidence.gaps
        ),
        traces=tuple(sorted({trace for one in evidence.items if (trace := trace_of(one))})),
        kinds=kind_lines(evidence.completeness) if evidence.completeness else (),
        found=_found(evidence.items),
    )


def _found(items: Sequence[EvidenceItem]) -> str:
    """Say what kinds of personal data and secrets were recognised in all items; empty: none."""
    holding = [one.found for one in items if one.found]
    if not holding:
        return ""
    return f"{_counts(added(holding))}, in {len(holding)} of {len(items)} items"


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{lower(name)} {count}" for name, count in by_category(found).items())
