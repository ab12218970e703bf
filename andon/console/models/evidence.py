"""Evidence as people are shown it: what was preserved, and what could not be."""

from __future__ import annotations

from collections.abc import Sequence

from andon.domain.evidence import EvidenceItem, Gap, GapReason, Manifest, RowOutcome, Seal, missing_log_rate
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
    rows: tuple[RowOutcome, ...]
    gaps: tuple[GapShown, ...]


class EvidenceShown(Frozen):
    """All snapshots, item by item."""

    manifests: tuple[Manifest, ...]
    items: tuple[EvidenceItem, ...]
    gaps: tuple[Gap, ...]
    missing_log_rate: float | None


def evidence_summary(seals: Sequence[Seal]) -> EvidenceSummary | None:
    """Sum up the newest snapshot; None while nothing is sealed."""
    if not seals:
        return None
    newest = seals[-1]
    return EvidenceSummary(
        snapshots=len(seals),
        items=newest.items,
        size_bytes=newest.size_bytes,
        root=newest.root,
        sealed_at=newest.sealed_at,
        missing_log_rate=missing_log_rate(newest.rows),
        rows=newest.rows,
        gaps=tuple(GapShown(row=one.row, reason=one.reason) for one in newest.missing),
    )


def evidence_shown(manifests: Sequence[Manifest], items: Sequence[EvidenceItem]) -> EvidenceShown:
    """Return the evidence of an incident; items of an unsealed snapshot are among `items`."""
    return EvidenceShown(
        manifests=tuple(manifests),
        items=tuple(items),
        gaps=tuple(gap for manifest in manifests for gap in manifest.gaps),
        missing_log_rate=missing_log_rate(manifests[-1].rows) if manifests else None,
    )
