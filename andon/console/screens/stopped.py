"""What became of a stop: each lever with its proof, who was told, and how it is undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from andon.console.cord import Stopped
from andon.console.screens.moments import Moment, lasting, moment
from andon.console.screens.words import ORDERS, Status, action, inert
from andon.domain.containment import OrderState, Verb
from andon.register.deliveries import Sent

EXACT: Final = timedelta(seconds=10)
"""Shorter than this, a time is said in tenths of a second."""
SETTLED: Final = frozenset({OrderState.PROVEN, OrderState.EXPIRED, OrderState.RELEASED})
STOPPED: Final = Status("Stopped and proven", "■", "good")
HELD: Final = Status("Held, not proven yet", "…", "warn")
PARTLY: Final = Status("Not all of it is stopped", "!", "bad")
LET_GO: Final = Status("Let go: it may run again", "○", "quiet")
NO_HOLD: Final = Status("Nothing is held", "!", "bad")


@dataclass(frozen=True, slots=True)
class EffectLine:
    """What became of one lever."""

    what: str
    lever: str
    state: Status
    held_after: str
    proven_after: str
    saw: str
    until: Moment | None


@dataclass(frozen=True, slots=True)
class EffectScreen:
    """What became of a stop."""

    incident: str
    system: str
    name: str
    state: Status
    pressed: Moment
    lines: tuple[EffectLine, ...]
    settled: bool
    begun: bool
    fallback: str
    fallback_owner: str
    told: tuple[tuple[str, str, Moment], ...]
    undo: tuple[str, ...]
    closed: bool


def effect_screen(stopped: Stopped, now: datetime) -> EffectScreen:
    """Return what became of a stop, lever by lever."""
    row, system = stopped.row, stopped.system
    lines = tuple(_lines(stopped, now))
    states = _states(stopped)
    fallback = system.fallback if system else None
    shown = {one.order: one for one in system.in_force} if system else {}
    ways = dict.fromkeys(
        way.says
        for hold in stopped.holds
        if (way := shown[hold.order].way_out if hold.order in shown else None)
    )
    return EffectScreen(
        incident=row.incident,
        system=row.system,
        name=inert(system.name) if system else row.system,
        state=_state(states),
        pressed=moment(row.opened_at, now),
        lines=lines,
        settled=bool(states) and all(one in SETTLED for one in states),
        begun=row.view_json is not None,
        fallback=inert(fallback.instructions) if fallback else "",
        fallback_owner=fallback.owner if fallback else "",
        told=tuple(_told(stopped.told, now)),
        undo=tuple(ways),
        closed=row.closed_at is not None,
    )


def within(span: timedelta) -> str:
    """Return how long something took, to the tenth of a second while that matters."""
    if span < timedelta(0):
        return "at once"
    return f"{span.total_seconds():.1f} s" if span < EXACT else lasting(span)


def _lines(stopped: Stopped, now: datetime) -> Iterable[EffectLine]:
    pressed, view = stopped.row.opened_at, stopped.row.view
    if view is None:
        levers = {one.id: one for one in stopped.system.levers} if stopped.system else {}
        for hold in stopped.holds:
            lever = levers.get(hold.lever)
            yield EffectLine(
                what=action(lever.verb, lever.target) if lever else action(Verb.PAUSE_SYSTEM, ""),
                lever=hold.lever,
                state=ORDERS[OrderState.APPLIED],
                held_after=within(hold.since - pressed),
                proven_after="",
                saw="",
                until=moment(hold.expires_at, now),
            )
        return
    for record in view.orders:
        proof, order = record.proof, record.order
        yield EffectLine(
            what=action(order.lever.verb, order.lever.target),
            lever=order.lever.id,
            state=ORDERS[record.state],
            held_after=within(record.applied.at - pressed) if record.applied else "",
            proven_after=within(proof.at - pressed) if proof and proof.held else "",
            saw=inert(f"{proof.saw}, by {proof.via}") if proof else "",
            until=moment(record.until or order.expires_at, now),
        )


def _states(stopped: Stopped) -> list[OrderState]:
    view = stopped.row.view
    if view is None:
        return [OrderState.APPLIED for _ in stopped.holds]
    return [record.state for record in view.orders]


def _state(states: Sequence[OrderState]) -> Status:
    if not states:
        return NO_HOLD
    if all(one is OrderState.RELEASED for one in states):
        return LET_GO
    if all(one in SETTLED for one in states):
        return STOPPED
    stands = (OrderState.APPLIED, *SETTLED)
    return HELD if all(one in stands for one in states) else PARTLY


def _told(told: Iterable[Sent], now: datetime) -> Iterable[tuple[str, str, Moment]]:
    first: dict[str, Sent] = {}
    for one in told:
        if one.ok and one.person:
            first.setdefault(one.person, one)
    return ((one.person, one.channel, moment(one.at, now)) for one in first.values())
