"""How complete an incident's evidence is, over all its snapshots and what its ledger holds.

A row that a later snapshot fills counts as captured; that it was a gap at first stays on record. Absence
of evidence is all that a gap says: what is not here may have happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import Field

from andon.domain.evidence import (
    TELLING,
    EvidenceRow,
    Gap,
    GapReason,
    KindOutcome,
    Manifest,
    RowOutcome,
    RowState,
    SaidBy,
    Seal,
    missing_log_rate,
)
from andon.domain.incident import IncidentView
from andon.domain.values import Frozen, Slug

DECISIONS: Final = "decision_record"
NOTES: Final = "incident_note"
OUTCOME: Final = "business_outcome"


class FirstGap(Frozen):
    """That a row was a gap when it was first looked for; it stays on record once it is filled."""

    snapshot: int
    reason: GapReason
    sources: tuple[str, ...] = Field((), description="who said so; empty: nobody was asked")


class RowEnd(Frozen):
    """How one row of the evidence list stands."""

    row: Slug
    state: RowState
    items: int = 0
    reason: GapReason | None = None
    why: Slug | None = Field(None, description="why it was said not to apply, as a code")
    said_by: SaidBy | None = None
    contradicted: bool = Field(False, description="it was said not to apply, and items came in")
    first_gap: FirstGap | None = None
    filled_by: int | None = Field(None, description="the snapshot that filled the gap")
    partly: GapReason | None = Field(None, description="why what came in is not all there should be")
    in_ledger: bool = Field(False, description="what fills it is in the ledger and its signed statements")


class Completeness(Frozen):
    """How complete the evidence is."""

    rows: tuple[RowEnd, ...]
    kinds: tuple[KindOutcome, ...]
    captured: int
    required: int = Field(description="rows that apply")
    percent: int | None = Field(description="captured rows of those that apply, rounded down; None: no row")
    missing_log_rate: float = Field(description="rows without evidence over rows that apply (MET-06)")

    @property
    def open(self) -> tuple[RowEnd, ...]:
        """The rows without evidence."""
        return tuple(one for one in self.rows if one.state is RowState.GAP)

    @property
    def contradicted(self) -> tuple[RowEnd, ...]:
        """The rows that were said not to apply and for which items came in."""
        return tuple(one for one in self.rows if one.contradicted)


class Taken(Frozen):
    """What one snapshot says of the rows."""

    snapshot: int
    rows: tuple[RowOutcome, ...]
    gaps: tuple[Gap, ...] = ()
    kinds: tuple[KindOutcome, ...] = ()


def taken(sealed: Manifest | Seal) -> Taken:
    """Return what a snapshot says of the rows; its seal does not name who reported a gap."""
    if isinstance(sealed, Seal):
        return Taken(snapshot=sealed.snapshot, rows=sealed.rows)
    return Taken(snapshot=sealed.snapshot, rows=sealed.rows, gaps=sealed.gaps, kinds=sealed.kinds)


def completeness(
    snapshots: Sequence[Taken], *, rows: Sequence[EvidenceRow] = (), later: Mapping[Slug, int] | None = None
) -> Completeness | None:
    """Return how complete the evidence is; None while no snapshot is sealed.

    Args:
        snapshots: the sealed ones, oldest first.
        rows: the rows of the incident's plan, which say where a kind belongs.
        later: how many of each kind came into being in the ledger, once the incident has ended.
    """
    if not snapshots:
        return None
    counts = later or {}
    filled = {row.id: sum(counts.get(kind, 0) for kind in row.kinds) for row in rows if row.later}
    names = dict.fromkeys(outcome.row for one in snapshots for outcome in one.rows)
    ends = tuple(_row(name, snapshots, filled.get(name, 0)) for name in names)
    captured = sum(1 for one in ends if one.state is RowState.CAPTURED)
    required = sum(1 for one in ends if one.state is not RowState.NOT_APPLICABLE)
    return Completeness(
        rows=ends,
        kinds=_kinds(snapshots, counts),
        captured=captured,
        required=required,
        percent=100 * captured // required if required else None,
        missing_log_rate=missing_log_rate(
            [RowOutcome(row=one.row, state=one.state, items=one.items, reason=one.reason) for one in ends]
        ),
    )


def from_ledger(view: IncidentView) -> dict[Slug, int]:
    """Count what comes into being with the response and is in its ledger, once the incident has ended."""
    if view.ending is None:
        return {}
    return {
        DECISIONS: sum(1 for one in view.decisions if one.outcome is not None or one.defaulted),
        NOTES: sum(len(one.accepted) for one in view.decisions),
        OUTCOME: 1,
    }


def _row(name: Slug, snapshots: Sequence[Taken], in_ledger: int) -> RowEnd:
    seen = [(one, outcome) for one in snapshots for outcome in one.rows if outcome.row == name]
    caught = [(one, outcome) for one, outcome in seen if outcome.state is RowState.CAPTURED]
    newest = (caught or seen)[-1][1]
    first = next((_first_gap(one, outcome) for one, outcome in seen if outcome.state is RowState.GAP), None)
    filled = caught[0][0].snapshot if caught and first and caught[0][0].snapshot > first.snapshot else None
    if not caught and in_ledger:
        return RowEnd(
            row=name, state=RowState.CAPTURED, items=in_ledger, first_gap=_but_late(first), in_ledger=True
        )
    return RowEnd(
        row=name,
        state=newest.state,
        items=newest.items,
        reason=newest.reason,
        why=newest.why,
        said_by=newest.said_by,
        contradicted=any(outcome.contradicted for _, outcome in seen),
        first_gap=first,
        filled_by=filled,
        partly=_lacking(caught[-1][0], name) if caught else None,
    )


def _lacking(one: Taken, row: Slug) -> GapReason | None:
    """Return why a captured row is not whole: a source was cut off, or reports what it could not give."""
    told = [gap.reason for gap in one.gaps if gap.row == row and gap.reason is not GapReason.EMPTY]
    return min(told, key=TELLING.index, default=None)


def _but_late(gap: FirstGap | None) -> FirstGap | None:
    """Return a gap unless all it says is that the row comes into being later."""
    return None if gap is None or gap.reason is GapReason.LATE else gap


def _first_gap(one: Taken, outcome: RowOutcome) -> FirstGap:
    sources = dict.fromkeys(gap.source for gap in one.gaps if gap.row == outcome.row and gap.source)
    return FirstGap(
        snapshot=one.snapshot, reason=outcome.reason or GapReason.NOT_CONFIGURED, sources=tuple(sources)
    )


def _kinds(snapshots: Sequence[Taken], counts: Mapping[Slug, int]) -> tuple[KindOutcome, ...]:
    """Return how each kind stands: captured if any snapshot has it, else as the newest one says."""
    found: dict[Slug, KindOutcome] = {}
    for kind in _all_kinds(snapshots):
        before = found.get(kind.kind)
        if before is None or before.state is not RowState.CAPTURED or kind.state is RowState.CAPTURED:
            found[kind.kind] = kind
    return tuple(
        KindOutcome(kind=one.kind, row=one.row, state=RowState.CAPTURED, items=counts[one.kind])
        if one.state is RowState.GAP and counts.get(one.kind)
        else one
        for one in found.values()
    )


def _all_kinds(snapshots: Sequence[Taken]) -> Iterable[KindOutcome]:
    return (kind for one in snapshots for kind in one.kinds)
