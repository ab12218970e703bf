"""The terms on which an AI system is stopped, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.stopping import Ahead, Stopping
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.words import action, inert, lower
from andon.domain.containment import IN_FORCE
from andon.domain.cost import Cost
from andon.domain.decision import DecisionKind
from andon.domain.mode import Mode

MODES: Final = {
    Mode.OBSERVE: "The playbook only observes here: nothing is held before a person confirms the incident.",
    Mode.WARN: "The playbook asks first here: nothing is held before triage confirms, or is silent.",
    Mode.ENFORCE: "",
}
DECIDED_ON: Final = frozenset(
    {DecisionKind.TRIAGE, DecisionKind.SHUTDOWN_REVENUE_FEATURE, DecisionKind.RATIFICATION}
)
"""Questions about what is held; their pages show what it costs."""


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One lever that is held, or would be."""

    what: str
    lever: str
    cost: str
    since: Moment | None
    again: Moment | None
    note: str
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class FallbackBox:
    """What people do by hand meanwhile."""

    owner: str
    instructions: str
    began: Moment
    ended: Moment | None


@dataclass(frozen=True, slots=True)
class StoppingBox:
    """Why something is held or not, at what price, and what holds meanwhile."""

    mode: str
    held: tuple[HoldLine, ...]
    would: tuple[HoldLine, ...]
    costly: tuple[HoldLine, ...]
    fallback: FallbackBox | None
    legal: str
    legal_since: Moment | None


def stopping_box(incident: IncidentShown, now: datetime) -> StoppingBox | None:
    """Return the terms of one incident; None before its workflow has begun."""
    found = incident.stopping
    if found is None:
        return None
    held = found.evidence_hold
    return StoppingBox(
        mode="" if found.enforced_by or incident.closed_at else MODES[found.mode],
        held=_held(incident, now),
        would=tuple(_line(one, now) for one in found.would_hold),
        costly=tuple(_line(one, now) for one in found.costly_ahead),
        fallback=_fallback(found, now),
        legal=held.person if held else "",
        legal_since=maybe(held.since if held else None, now),
    )


def price(cost: Cost | None) -> str:
    """Return what something costs in words."""
    if cost is None:
        return "not stated"
    figure = "" if cost.per_hour is None else f", about {cost.per_hour:,} {cost.unit}".rstrip() + " an hour"
    return f"{lower(cost.what)}{figure}"


def _held(incident: IncidentShown, now: datetime) -> tuple[HoldLine, ...]:
    return tuple(
        HoldLine(
            what=action(one.verb, one.target),
            lever=one.lever,
            cost=price(one.cost),
            since=moment(one.ordered_at, now),
            again=moment(one.expires_at, now),
            note=lower(one.reason),
        )
        for one in incident.orders
        if one.state in IN_FORCE
    )


def _line(one: Ahead, now: datetime) -> HoldLine:
    notes = (one.by_hand and "by hand", one.costly and "takes a decision of its own")
    return HoldLine(
        what=action(one.verb, one.target),
        lever=one.lever,
        cost=price(one.cost),
        since=maybe(one.since, now),
        again=None,
        note=", ".join(note for note in notes if note),
        stopped=_stopped(one.requests),
    )


def _stopped(requests: int | None) -> str:
    if requests is None:
        return ""
    return f"{'one request' if requests == 1 else f'{requests} requests'} would have been stopped so far"


def _fallback(found: Stopping, now: datetime) -> FallbackBox | None:
    run = found.fallback
    if run is None:
        return None
    return FallbackBox(
        owner=run.owner or "",
        instructions=inert(run.instructions),
        began=moment(run.began_at, now),
        ended=maybe(run.ended_at, now),
    )
