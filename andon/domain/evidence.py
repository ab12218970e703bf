"""Evidence items, gaps and the manifest that seals them.

Every row of the evidence list ends as captured, not applicable with a reason, or a gap with a
reason. "Nothing came back" is a gap: it never means that nothing happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug, Spare, digest_of


class GapReason(StrEnum):
    """Why required evidence could not be had."""

    RETENTION = "retention"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_CONFIGURED = "not_configured"
    EMPTY = "empty"
    LATE = "late"


class RowState(StrEnum):
    """How one row of the evidence list ended."""

    CAPTURED = "captured"
    NOT_APPLICABLE = "not_applicable"
    GAP = "gap"


class EvidenceRow(Carried):
    """One row of the evidence list: what must be kept, and which kinds of item satisfy it."""

    id: Slug
    kinds: tuple[Slug, ...] = Field(min_length=1)
    later: bool = Field(False, description="comes into being after the first snapshot, such as the outcome")


class EvidenceItem(Spare):
    """One preserved artefact with its provenance. The stored bytes are encrypted."""

    id: str
    kind: Slug
    source: str = Field(description="connector that gave it")
    query: Sha256Hex = Field(description="digest of what the connector was asked")
    captured_at: Instant
    source_at: Instant | None = Field(None, description="the source's own time for it")
    sha256: Sha256Hex = Field(description="of the stored bytes, so it can be checked without a key")
    size_bytes: int = Field(ge=0, description="of the stored bytes")
    content_type: str
    key: str = Field(description="object key in the store")
    version_id: str = Field(description="object version in the store")
    locked_until: Instant | None = Field(description="from the store's receipt; None: not locked")
    collector: str = Field(description="name and version of the collector")
    pack: str = Field(
        "",
        description="SHA-256 of the object under `key`, if that holds this item among others; empty: the "
        "object is this item alone",
    )
    offset: int = Field(0, ge=0, description="where in that object this item's stored bytes begin")


class Gap(Carried):
    """Evidence that could not be had, and why."""

    row: Slug
    reason: GapReason
    source: str = ""
    detail: str = Field("", max_length=200, description="a code or a short technical cause, no personal data")


class RowOutcome(Carried):
    """How one row ended in one snapshot."""

    row: Slug
    state: RowState
    items: int = 0
    reason: GapReason | None = None


class Manifest(Carried):
    """The list of all items and gaps of one snapshot; its digest is the evidence root."""

    incident: IncidentId
    snapshot: int = Field(ge=1)
    sealed_at: Instant
    previous: Sha256Hex = Field(description="root of the snapshot before, or zeroes")
    items: tuple[EvidenceItem, ...]
    rows: tuple[RowOutcome, ...]
    gaps: tuple[Gap, ...]
    leftovers: tuple[str, ...] = Field(
        (), description="objects a capture that was cut off may have stored; the repeat found other bytes"
    )

    def root(self) -> Sha256Hex:
        """The evidence root: SHA-256 of the manifest as RFC 8785 JSON."""
        return digest_of(self)


class Seal(Carried):
    """What a workflow keeps of a sealed snapshot."""

    snapshot: int
    root: Sha256Hex
    sealed_at: Instant
    items: int
    size_bytes: int
    rows: tuple[RowOutcome, ...]

    @property
    def missing(self) -> tuple[RowOutcome, ...]:
        """The rows that ended as a gap."""
        return tuple(row for row in self.rows if row.state is RowState.GAP)


def seal_of(manifest: Manifest) -> Seal:
    """Return what a workflow keeps of a sealed manifest."""
    return Seal(
        snapshot=manifest.snapshot,
        root=manifest.root(),
        sealed_at=manifest.sealed_at,
        items=len(manifest.items),
        size_bytes=sum(item.size_bytes for item in manifest.items),
        rows=manifest.rows,
    )


def settle_rows(
    rows: Sequence[EvidenceRow], items: Sequence[EvidenceItem], gaps: Sequence[Gap]
) -> tuple[tuple[RowOutcome, ...], tuple[Gap, ...]]:
    """Give each row its end, and each row without items a named gap.

    A row that no source was asked about is `not_configured`; one whose source reported a gap
    keeps that reason; one whose sources answered with nothing is `empty`.
    """
    reported = {gap.row: gap for gap in gaps}
    outcomes: list[RowOutcome] = []
    named: list[Gap] = list(gaps)
    for row in rows:
        count = sum(1 for item in items if item.kind in row.kinds)
        if count:
            outcomes.append(RowOutcome(row=row.id, state=RowState.CAPTURED, items=count))
            continue
        gap = reported.get(row.id)
        if gap is None:
            reason = GapReason.LATE if row.later else GapReason.NOT_CONFIGURED
            gap = Gap(row=row.id, reason=reason)
            named.append(gap)
        outcomes.append(RowOutcome(row=row.id, state=RowState.GAP, reason=gap.reason))
    return tuple(outcomes), tuple(named)


def missing_log_rate(rows: Sequence[RowOutcome]) -> float:
    """Missing required rows over required rows (MET-06); rows that do not apply are not counted."""
    required = [row for row in rows if row.state is not RowState.NOT_APPLICABLE]
    missing = [row for row in required if row.state is RowState.GAP]
    return len(missing) / len(required) if required else 0.0
