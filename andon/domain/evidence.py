"""Evidence items, gaps and the manifest that seals them.

Every row of the evidence list ends as captured, not applicable with a reason, or a gap with a
reason. "Nothing came back" is a gap: it never means that nothing happened.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug, Spare, digest_of
from andon.domain.volatile import VOLATILE


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


class SaidBy(StrEnum):
    """Who says that a row does not apply."""

    SYSTEM = "system"
    """The AI system's file."""
    PLAYBOOK = "playbook"


class EvidenceRow(Spare):
    """One row of the evidence list: what must be kept, and which kinds of item satisfy it."""

    id: Slug
    kinds: tuple[Slug, ...] = Field(min_length=1)
    later: bool = Field(False, description="comes into being after the first snapshot, such as the outcome")
    not_applicable: Slug | None = Field(None, description="why it does not apply, as a code; None: it does")
    said_by: SaidBy | None = Field(None, description="who says that it does not apply")


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
    skew_ms: int | None = Field(None, description="the source's clock against ours; None: it was not seen")
    pack: str = Field(
        "",
        description="SHA-256 of the object under `key`, if that holds this item among others; empty: the "
        "object is this item alone",
    )
    offset: int = Field(0, ge=0, description="where in that object this item's stored bytes begin")
    plain: Sha256Hex | None = Field(None, description="keyed commitment to the bytes in the clear")
    redaction_of: str = Field("", description="id of the item that this is a redacted view of")
    found: dict[str, int] = Field(
        default_factory=dict, description="personal data and secrets that were recognised in it, by rule"
    )
    left_out: int = Field(0, ge=0, description="fields that were not to be kept, and were not stored")
    retention: str = Field("", description="class by which it is kept; empty: the store's own term")


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
    why: Slug | None = Field(None, description="why it was said not to apply, as a code")
    said_by: SaidBy | None = None
    contradicted: bool = Field(False, description="it was said not to apply, and items came in")

    @model_serializer(mode="wrap")
    def _as_it_began(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what came later and is not used, so that earlier manifests keep their root."""
        return _without(written(self), {"why": None, "said_by": None, "contradicted": False})


class KindOutcome(Spare):
    """How one kind of item ended in one snapshot."""

    kind: Slug
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
    kinds: tuple[KindOutcome, ...] = Field((), description="every kind of every row, and how it ended")

    @model_serializer(mode="wrap")
    def _as_it_began(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = written(self)
        if not self.kinds:
            del found["kinds"]
        return found

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
    volatile: dict[Slug, Instant] = Field(
        default_factory=dict,
        description="when the first item of each kind was taken that a change may destroy",
    )

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
        volatile=_first_taken(manifest.items),
    )


def _first_taken(items: Sequence[EvidenceItem]) -> dict[Slug, Instant]:
    first: dict[Slug, Instant] = {}
    for item in items:
        if item.kind in VOLATILE:
            first[item.kind] = min(item.captured_at, first.get(item.kind, item.captured_at))
    return first


def applying(
    rows: Sequence[EvidenceRow], playbook: Mapping[Slug, Slug], system: Mapping[Slug, Slug]
) -> tuple[EvidenceRow, ...]:
    """Return the rows with what is said not to apply; the AI system's file wins over the playbook."""
    said = {name: (why, SaidBy.PLAYBOOK) for name, why in playbook.items()}
    said |= {name: (why, SaidBy.SYSTEM) for name, why in system.items()}
    return tuple(
        row.model_copy(update={"not_applicable": said[row.id][0], "said_by": said[row.id][1]})
        if row.id in said
        else row
        for row in rows
    )


TELLING: Final = (
    GapReason.DENIED,
    GapReason.REFUSED,
    GapReason.UNREACHABLE,
    GapReason.LATE,
    GapReason.RETENTION,
    GapReason.NOT_CONFIGURED,
    GapReason.EMPTY,
)
"""Reasons of several sources for one row: the first of these stands for it, all stay among the gaps."""


def settle_rows(
    rows: Sequence[EvidenceRow], items: Sequence[EvidenceItem], gaps: Sequence[Gap]
) -> tuple[tuple[RowOutcome, ...], tuple[Gap, ...]]:
    """Give each row its end, and each row that should have items and has none a named gap.

    What came in counts more than what was said: a row that was said not to apply and has items is
    captured, and the contradiction is named. A row that no source was asked about is
    `not_configured`; one whose sources answered with nothing is `empty`.
    """
    outcomes: list[RowOutcome] = []
    named: list[Gap] = []
    for row in rows:
        reported = [gap for gap in gaps if gap.row == row.id]
        outcome = _settled(row, sum(1 for item in items if item.kind in row.kinds), reported)
        outcomes.append(outcome)
        if outcome.state is RowState.GAP and outcome.reason is not None and not reported:
            named.append(Gap(row=row.id, reason=outcome.reason))
    excused = {one.row for one in outcomes if one.state is RowState.NOT_APPLICABLE}
    return tuple(outcomes), (*(gap for gap in gaps if gap.row not in excused), *named)


def _settled(row: EvidenceRow, items: int, reported: Sequence[Gap]) -> RowOutcome:
    said = {"why": row.not_applicable, "said_by": row.said_by}
    if items:
        contradicted = row.not_applicable is not None
        return RowOutcome(row=row.id, state=RowState.CAPTURED, items=items, contradicted=contradicted, **said)
    if row.not_applicable is not None:
        return RowOutcome(row=row.id, state=RowState.NOT_APPLICABLE, **said)
    unasked = GapReason.LATE if row.later else GapReason.NOT_CONFIGURED
    reason = min((gap.reason for gap in reported), key=TELLING.index, default=unasked)
    return RowOutcome(row=row.id, state=RowState.GAP, reason=reason)


def settle_kinds(
    rows: Sequence[EvidenceRow],
    items: Sequence[EvidenceItem],
    outcomes: Sequence[RowOutcome],
    gaps: Sequence[Gap] = (),
    supplied: Collection[Slug] | None = None,
) -> tuple[KindOutcome, ...]:
    """Give each kind of each row its end.

    A kind without items in a row that was captured is a gap as well: other kinds of the row came in,
    and there is no evidence of this one. One that no source supplies is `not_configured`, which is
    another thing than a source that was asked and had none (INV-04).

    Args:
        rows: what must be kept.
        items: what came in.
        outcomes: how each row ended.
        gaps: what the sources told.
        supplied: the kinds that the sources supply; None: nobody knows.
    """
    ends = {one.row: one for one in outcomes}
    told = {
        row.id: min((gap.reason for gap in gaps if gap.row == row.id), key=TELLING.index, default=None)
        for row in rows
    }

    def why(row: EvidenceRow, kind: Slug) -> GapReason:
        if supplied is not None and kind not in supplied and not row.later:
            return GapReason.NOT_CONFIGURED
        return ends[row.id].reason or told[row.id] or GapReason.EMPTY

    return tuple(
        _kind(row, kind, sum(1 for item in items if item.kind == kind), why(row, kind))
        for row in rows
        for kind in row.kinds
    )


def _kind(row: EvidenceRow, kind: Slug, items: int, reason: GapReason) -> KindOutcome:
    if items:
        return KindOutcome(kind=kind, row=row.id, state=RowState.CAPTURED, items=items)
    if row.not_applicable is not None:
        return KindOutcome(kind=kind, row=row.id, state=RowState.NOT_APPLICABLE)
    return KindOutcome(kind=kind, row=row.id, state=RowState.GAP, reason=reason)


def missing_log_rate(rows: Sequence[RowOutcome]) -> float:
    """Missing required rows over required rows (MET-06); rows that do not apply are not counted."""
    required = [row for row in rows if row.state is not RowState.NOT_APPLICABLE]
    missing = [row for row in required if row.state is RowState.GAP]
    return len(missing) / len(required) if required else 0.0


def _without(written: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in written.items() if name not in defaults or value != defaults[name]}
