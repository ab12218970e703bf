"""Evidence as people are shown it: what was preserved, and what could not be."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from andon.domain.completeness import Completeness, completeness, from_ledger, taken
from andon.domain.evidence import (
    EvidenceItem,
    EvidenceRow,
    Gap,
    GapReason,
    Manifest,
    RowOutcome,
    missing_log_rate,
)
from andon.domain.incident import IncidentView
from andon.domain.source_times import in_order
from andon.domain.values import Frozen, Instant, Sha256Hex, Slug


class GapShown(Frozen):
    """One row that ended as a gap."""

    row: Slug
    reason: GapReason | None


class EvidenceSummary(Frozen):
    """The newest sealed snapshot in figures."""

    snapshots: int
    items: int
    size_bytes: int
    root: Sha256Hex
    sealed_at: Instant
    missing_log_rate: float
    completeness: Completeness = Field(description="over all snapshots, and what the ledger holds")
    rows: tuple[RowOutcome, ...]
    gaps: tuple[GapShown, ...]


class EvidenceShown(Frozen):
    """All snapshots, item by item."""

    manifests: tuple[Manifest, ...]
    items: tuple[EvidenceItem, ...]
    gaps: tuple[Gap, ...]
    missing_log_rate: float | None
    completeness: Completeness | None = Field(
        None, description="over all snapshots, and what the ledger holds"
    )


def evidence_summary(view: IncidentView, rows: Sequence[EvidenceRow]) -> EvidenceSummary | None:
    """Sum up the newest snapshot, and how complete all are together; None while nothing is sealed."""
    whole = completeness([taken(one) for one in view.seals], rows=rows, later=from_ledger(view))
    if whole is None:
        return None
    seals, newest = view.seals, view.seals[-1]
    return EvidenceSummary(
        snapshots=len(seals),
        items=newest.items,
        size_bytes=newest.size_bytes,
        root=newest.root,
        sealed_at=newest.sealed_at,
        missing_log_rate=whole.missing_log_rate,
        completeness=whole,
        rows=newest.rows,
        gaps=tuple(GapShown(row=one.row, reason=one.reason) for one in newest.missing),
    )


def evidence_shown(
    manifests: Sequence[Manifest], items: Sequence[EvidenceItem], whole: Completeness | None = None
) -> EvidenceShown:
    """Return the evidence of an incident, in order of time by our clock; unsealed items are among it."""
    return EvidenceShown(
        manifests=tuple(manifests),
        items=tuple(placed.item for placed in in_order(items)),
        gaps=tuple(gap for manifest in manifests for gap in manifest.gaps),
        missing_log_rate=missing_log_rate(manifests[-1].rows) if manifests else None,
        completeness=whole,
    )
