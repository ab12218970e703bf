"""Levers in words: what each does, what it costs, what stops it, and when it was last proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.levers import LeverShown
from andon.console.screens.moments import Moment, maybe
from andon.console.screens.stopping import price
from andon.console.screens.words import Status, action
from andon.domain.lever_proof import STALE

FREE: Final = Status("free", "○", "quiet")
HELD: Final = Status("held", "■", "bad")
COVERED: Final = Status("stopped by the pause", "■", "warn")
NEVER: Final = Status("Never proven", "!", "bad")
PROVEN: Final = Status("proven", "✓", "good")
LONG_AGO: Final = Status("proven, long ago", "▲", "warn")
NO_LEVER: Final = Status("No lever: Andon can't stop it", "!", "bad")


@dataclass(frozen=True, slots=True)
class LeverLine:
    """One lever."""

    what: str
    id: str
    does: str
    cost: str
    decision: str
    state: Status
    by: tuple[str, ...]
    proof: Status
    proven_at: Moment | None
    proven_in: str
    exercise: bool


def lever_line(lever: LeverShown, now: datetime) -> LeverLine:
    """Return one lever as its row says it."""
    own = [one for one in lever.stopped_by if one.lever == lever.id]
    state = HELD if own else COVERED if lever.held else FREE
    proof = lever.proven
    return LeverLine(
        what=action(lever.verb, lever.target),
        id=lever.id,
        does=lever.does,
        cost=price(lever.cost),
        decision=_decision(lever),
        state=state,
        by=tuple(dict.fromkeys(one.incident for one in own or lever.stopped_by)),
        proof=_proof(lever, now),
        proven_at=maybe(proof.at if proof else None, now),
        proven_in=proof.incident if proof else "",
        exercise=proof.exercise if proof else False,
    )


def proofs_in_words(levers: Sequence[LeverShown]) -> Status:
    """Say how many levers were ever proven; the one that never was is said first."""
    if not levers:
        return NO_LEVER
    proven = sum(one.proven is not None for one in levers)
    if proven == 0:
        return Status("None ever proven" if len(levers) > 1 else "Never proven", "!", "bad")
    if proven < len(levers):
        return Status(f"{len(levers) - proven} never proven, {proven} proven", "▲", "warn")
    return Status("All proven" if proven > 1 else "Proven", "✓", "good")


def _proof(lever: LeverShown, now: datetime) -> Status:
    if lever.proven is None:
        return NEVER
    return LONG_AGO if now - lever.proven.at > STALE else PROVEN


def _decision(lever: LeverShown) -> str:
    if not lever.after_decision:
        return "no: held at once"
    return f"yes, in the playbook {', '.join(lever.after_decision)}"
