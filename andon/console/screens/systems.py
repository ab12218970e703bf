"""The page of AI systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from andon.console.models.hold import HoldShown
from andon.console.models.system import LeverShown, SystemShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.words import ORDERS, Status, action, inert, lower, plain
from andon.domain.readiness import WEIGHED
from andon.domain.use import OUT_OF_USE, Use

HELD = Status("held", "■", "bad")
FREE = Status("free", "○", "quiet")
OUT = {
    Use.RETIRED: Status("Retired", "✕", "quiet"),
    Use.NARROWED: Status("Narrowed to part of its purpose", "▲", "warn"),
    Use.NOT_RESTARTED: Status("Not restarted", "✕", "warn"),
}
NOT_BEGUN = Status("not known yet", "…", "warn")


@dataclass(frozen=True, slots=True)
class LeverLine:
    """One lever."""

    what: str
    id: str
    state: Status


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold in force."""

    incident: str
    lever: str
    reason: str
    since: Moment
    expires: Moment
    whose: str
    state: Status
    counts: bool
    way_out: str
    command: str


@dataclass(frozen=True, slots=True)
class SystemBox:
    """One AI system."""

    id: str
    name: str
    purpose: str
    tier: str
    owner: str
    suite: str
    fallback: str
    trade_offs: tuple[tuple[str, str], ...]
    known: bool
    state: Status
    decided_since: Moment | None
    decided_by: str
    levers: tuple[LeverLine, ...]
    holds: tuple[HoldLine, ...]


def system_box(system: SystemShown, now: datetime) -> SystemBox:
    """Return one AI system as it is shown."""
    paused = any(lever.held and lever.verb == "pause_system" for lever in system.levers)
    state = Status("Running, nothing held", "○", "good")
    if paused:
        state = Status("Paused", "■", "bad")
    elif system.holds:
        state = Status("Running with limits", "▲", "warn")
    use = system.use
    if use.use in OUT_OF_USE:
        state = OUT[use.use]
    return SystemBox(
        id=system.id,
        name=inert(system.name),
        purpose=inert(system.purpose),
        tier=plain(system.tier),
        owner=system.business_owner,
        suite=system.suite or "none: a restart has no evaluation to stand on",
        fallback=inert(system.fallback.instructions) if system.fallback else "",
        trade_offs=tuple(
            (what.capitalize(), inert(getattr(system.trade_offs, name))) for name, what in WEIGHED.items()
        ),
        known=system.in_inventory,
        state=state,
        decided_since=maybe(use.since, now) if use.use in OUT_OF_USE else None,
        decided_by=use.incident or "",
        levers=tuple(_lever(lever) for lever in system.levers),
        holds=tuple(_hold(hold, now) for hold in system.in_force),
    )


def _hold(hold: HoldShown, now: datetime) -> HoldLine:
    way = hold.way_out
    return HoldLine(
        incident=hold.incident,
        lever=hold.lever,
        reason=lower(hold.reason),
        since=moment(hold.since, now),
        expires=moment(hold.until, now),
        whose=f"{plain(hold.assignee)}, by {inert(hold.authority)}" if hold.assignee else "not known yet",
        state=ORDERS[hold.state] if hold.state else NOT_BEGUN,
        counts=hold.strictest,
        way_out=way.says if way else "Its incident has not begun yet.",
        command=way.command if way else "",
    )


def system_boxes(systems: Sequence[SystemShown], now: datetime) -> tuple[SystemBox, ...]:
    """Return all AI systems; those with holds come first."""
    return tuple(system_box(one, now) for one in sorted(systems, key=lambda one: (not one.holds, one.id)))


def _lever(lever: LeverShown) -> LeverLine:
    return LeverLine(what=action(lever.verb, lever.target), id=lever.id, state=HELD if lever.held else FREE)
