"""How complete the evidence is, in words that claim no absence of what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.console.screens.words import GAPS, ROWS, Status, lower, plain
from andon.domain.completeness import Completeness, RowEnd
from andon.domain.evidence import KindOutcome, RowState, SaidBy

SAYS: Final = {SaidBy.SYSTEM: "the AI system's file", SaidBy.PLAYBOOK: "the playbook", None: "nobody"}
FILLED: Final = Status("preserved later", "✓", "good")
CONTRADICTED: Final = Status("preserved, against what was said", "!", "warn")


@dataclass(frozen=True, slots=True)
class KindLine:
    """One kind of evidence."""

    name: str
    row: str
    state: Status
    detail: str


def complete_in_words(found: Completeness) -> str:
    """Say how complete it is."""
    if found.percent is None:
        return "No row of the list applies"
    return (
        f"{found.percent} % complete: evidence of {found.captured} of {found.required} rows that apply, "
        f"missing-log rate {found.missing_log_rate:.2f}"
    )


def gaps_by_reason(found: Completeness) -> tuple[tuple[str, str], ...]:
    """Return the rows without evidence by reason."""
    by_reason: dict[str, list[str]] = {}
    for row in found.open:
        by_reason.setdefault(GAPS[row.reason] if row.reason else "no reason given", []).append(lower(row.row))
    return tuple((f"no evidence: {reason}", ", ".join(rows)) for reason, rows in by_reason.items())


def row_state(row: RowEnd) -> Status:
    """Return how a row stands."""
    if row.contradicted:
        return CONTRADICTED
    return FILLED if row.filled_by else ROWS[row.state]


def row_detail(row: RowEnd) -> str:
    """Say what there is of a row, or why there is none."""
    told: list[str] = []
    if row.items:
        told.append(f"{_items(row.items)} in the ledger" if row.in_ledger else _items(row.items))
    if row.reason:
        told.append(GAPS[row.reason])
    if row.partly:
        told.append(f"not whole: {GAPS[row.partly]}")
    if row.why:
        told.append(f"{SAYS[row.said_by]} says that it does not apply: {lower(row.why)}")
    if row.first_gap and row.state is RowState.CAPTURED:
        gap = row.first_gap
        whom = f" by {', '.join(gap.sources)}" if gap.sources else ""
        told.append(f"a gap in snapshot {gap.snapshot}{whom}: {GAPS[gap.reason]}")
    return "; ".join(told)


def kind_lines(found: Completeness) -> tuple[KindLine, ...]:
    """Return every kind of evidence with how it ended."""
    return tuple(_kind(one) for one in found.kinds)


def _kind(one: KindOutcome) -> KindLine:
    detail = GAPS[one.reason] if one.reason else _items(one.items)
    return KindLine(name=plain(one.kind), row=plain(one.row), state=ROWS[one.state], detail=detail)


def _items(items: int) -> str:
    return "" if not items else "1 item" if items == 1 else f"{items} items"
