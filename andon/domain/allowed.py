"""What an AI system is allowed, lever by lever: now, and once a question is decided one way or the other.

A lever whose order failed or was not proven is not called held, and one outside Andon that nothing holds is
not called allowed: what it says is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.containment import FLAG_SHAPES, IN_FORCE, Lever, OrderState, Verb, flag_key
from andon.domain.decision import DecisionKind
from andon.domain.incident import IncidentView
from andon.domain.playbook import Plan
from andon.domain.severity import Band
from andon.domain.values import Frozen, IncidentId, Instant
from andon.domain.way_out import BREAK_GLASS

FLAG: Final = "flag"
HELD_STATES: Final = frozenset({OrderState.PROVEN, OrderState.EXPIRED})
STANDS_DOWN: Final = frozenset({"false_positive", "quality_issue"})


class Allowed(StrEnum):
    """What one lever lets the AI system do."""

    ALLOWED = "allowed"
    LIMITED = "limited"
    IN_PART = "in_part"
    """It lets a share of the requests through."""
    HELD = "held"
    NOT_PROVEN = "not_proven"
    """A hold was ordered, and no probe has seen it."""
    NOT_HELD = "not_held"
    """Andon holds it not; what it says by itself is not known here."""
    NOT_KNOWN = "not_known"
    """An order on it failed: it may be held or not."""


class Grip(Frozen):
    """One order on one lever, whosesoever it is."""

    order: str
    incident: IncidentId
    lever: Lever
    limit: int = 0
    state: OrderState
    in_part: bool = Field(False, description="it lets a share of the requests through")


class Standing(Frozen):
    """What a lever says at one time."""

    allowed: Allowed
    limit: int = 0
    paused: bool = Field(False, description="by the pause of the whole system, not by a hold of its own")


class Permission(Frozen):
    """One lever, now and then."""

    lever: str
    verb: Verb
    target: str
    now: Standing
    then: Standing
    others: tuple[IncidentId, ...] = Field((), description="incidents besides that hold it as well")


class Effect(Frozen):
    """What settling on an option does to levers."""

    option: str
    lets_go: tuple[str, ...] = Field((), description="ids of orders")
    ends: bool = Field(False, description="lets go of all that the incident holds, and what merged into it")
    holds: tuple[Grip, ...] = ()


def grips(views: Iterable[IncidentView]) -> tuple[Grip, ...]:
    """Return the orders of incidents that hold a lever, or may."""
    return tuple(
        Grip(
            order=one.order.id,
            incident=view.incident,
            lever=one.order.lever,
            limit=one.order.limit,
            state=one.state,
            in_part=one.order.share is not None,
        )
        for view in views
        for one in view.orders
        if one.state in IN_FORCE or one.state is OrderState.FAILED
    )


def effects(
    kind: DecisionKind, options: Sequence[str], view: IncidentView, plan: Plan, at: Instant
) -> tuple[Effect, ...]:
    """Return what each option of a question does to levers, as the incident's workflow will carry it out."""
    return tuple(_effect(kind, option, view, plan, at) for option in options)


def permissions(
    levers: Sequence[Lever], standing: Sequence[Grip], effect: Effect, own: Collection[IncidentId]
) -> tuple[Permission, ...]:
    """Return every lever with what it says now, and once the effect has come about.

    Args:
        levers: the AI system's, as its file names them.
        standing: all orders on them, of whatever incident.
        effect: what is decided.
        own: the incident that is decided on, and those that were merged into it.
    """
    after = [
        *(
            one
            for one in standing
            if not (one.order in effect.lets_go or (effect.ends and one.incident in own))
        ),
        *effect.holds,
    ]
    known = {lever.id: lever for lever in (*levers, *(one.lever for one in (*standing, *effect.holds)))}
    return tuple(
        Permission(
            lever=lever.id,
            verb=lever.verb,
            target=lever.target,
            now=_standing(lever, standing),
            then=_standing(lever, after),
            others=tuple(
                sorted(
                    {one.incident for one in standing if one.lever.id == lever.id and one.incident not in own}
                )
            ),
        )
        for lever in known.values()
    )


def _effect(kind: DecisionKind, option: str, view: IncidentView, plan: Plan, at: Instant) -> Effect:
    mine = [one for one in view.orders if one.state in IN_FORCE or one.state is OrderState.FAILED]
    match kind, option:
        case (DecisionKind.RESTART, "restart"):
            return Effect(option=option, ends=True)
        case (DecisionKind.TRIAGE, _) if option in STANDS_DOWN:
            return Effect(option=option, ends=True)
        case (DecisionKind.TRIAGE, "confirm") if not view.enforced_by:
            return Effect(option=option, holds=_foreseen(view))
        case (DecisionKind.SHUTDOWN_REVENUE_FEATURE, "shut_down"):
            return Effect(option=option, holds=_ordered(view, plan, view.severity, at, costly=True))
        case (DecisionKind.RATIFICATION, "swap"):
            gone = tuple(one.order.id for one in mine if one.order.authority == BREAK_GLASS)
            return Effect(option=option, lets_go=gone, holds=_ordered(view, plan, Band.CRITICAL, at))
        case _:
            return Effect(option=option)


def _foreseen(view: IncidentView) -> tuple[Grip, ...]:
    return tuple(
        Grip(
            order=f"{view.incident}/foreseen/{number}",
            incident=view.incident,
            lever=one.lever,
            limit=one.limit,
            state=OrderState.PROVEN,
        )
        for number, one in enumerate(view.foreseen)
        if not one.costly
    )


def _ordered(
    view: IncidentView, plan: Plan, band: Band, at: Instant, *, costly: bool = False
) -> tuple[Grip, ...]:
    standing = [one.order for one in view.orders if one.state in IN_FORCE and one.order.share is None]
    fresh = plan.orders(
        view.incident, band, reason="", at=at, standing=standing, given=len(view.orders), costly=costly
    )
    return tuple(
        Grip(order=one.id, incident=one.incident, lever=one.lever, limit=one.limit, state=OrderState.PROVEN)
        for one in fresh
    )


def _standing(lever: Lever, standing: Sequence[Grip]) -> Standing:
    own = [one for one in standing if one.lever.id == lever.id]
    pausing = [one for one in standing if _pauses(one, lever)]
    if any(_holds(one) for one in pausing):
        return Standing(allowed=Allowed.HELD, paused=True)
    if not own:
        if pausing:
            return Standing(allowed=_unsure(pausing), paused=True)
        return Standing(allowed=Allowed.ALLOWED if lever.adapter == FLAG else Allowed.NOT_HELD)
    held = [one for one in own if _holds(one)]
    if held:
        limit = min(one.limit for one in held)
        return Standing(allowed=Allowed.LIMITED if limit else Allowed.HELD, limit=limit)
    if any(one.in_part and one.state in HELD_STATES for one in own):
        return Standing(allowed=Allowed.IN_PART)
    return Standing(allowed=_unsure(own))


def _pauses(one: Grip, lever: Lever) -> bool:
    """Whether an order pauses the whole system, and with it this permission."""
    if one.lever.id == lever.id or lever.adapter != FLAG or lever.verb not in FLAG_SHAPES:
        return False
    return one.lever.adapter == FLAG and one.lever.id == flag_key(lever.system, Verb.PAUSE_SYSTEM)


def _holds(one: Grip) -> bool:
    return one.state in HELD_STATES and not one.in_part


def _unsure(found: Sequence[Grip]) -> Allowed:
    failed = all(one.state is OrderState.FAILED for one in found)
    return Allowed.NOT_KNOWN if failed else Allowed.NOT_PROVEN
