"""The two steps of the cord: what is to be stopped and why, and exactly what would be held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.cord import Stoppable
from andon.console.models.stop import Chosen, chosen_from
from andon.console.screens.levers import LeverLine, lever_line
from andon.console.screens.stopping import price
from andon.console.screens.systems import USES
from andon.console.screens.words import Status, action, inert, listed
from andon.domain.containment import Lever, Verb
from andon.domain.directory import Role
from andon.domain.lever_words import DOES

RATE_NOUGHT: Final = "No request gets through until it is let go."


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing that can be stopped."""

    value: str
    what: str
    does: str
    id: str
    chosen: bool
    state: Status


@dataclass(frozen=True, slots=True)
class SystemPicks:
    """One AI system, and what of it can be stopped; the whole of it first."""

    id: str
    name: str
    state: Status
    whole: Pick
    parts: tuple[Pick, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class ChoiceScreen:
    """The first step: what, and why."""

    first: tuple[SystemPicks, ...]
    others: tuple[SystemPicks, ...]
    reason: str
    problem: str


@dataclass(frozen=True, slots=True)
class LookScreen:
    """The second step: exactly what would happen."""

    value: str
    system: str
    name: str
    what: str
    lever: str
    does: str
    cost: str
    already: LeverLine | None
    fallback: str
    fallback_owner: str
    owner: str
    asked: str
    never: bool
    reason: str
    problem: str


def choice_screen(
    stoppable: Sequence[Stoppable], typed: Mapping[str, str], *, problem: str = ""
) -> ChoiceScreen:
    """Return the first step; the AI system that is asked for, or was chosen, stands first."""
    chosen = chosen_from(typed.get("what", ""))
    named = chosen.system if chosen else typed.get("system", "")
    ordered = sorted(stoppable, key=lambda one: (not one.system.incidents.open, one.system.id))
    if len(stoppable) == 1:
        named = stoppable[0].system.id
    picks = [_picks(one, chosen, named) for one in ordered]
    first = tuple(one for one in picks if one.id == named)
    others = tuple(one for one in picks if one.id != named)
    return ChoiceScreen(
        first=first or others,
        others=others if first else (),
        reason=typed.get("reason", ""),
        problem=problem,
    )


def look_screen(
    one: Stoppable,
    lever: Lever,
    asked: Iterable[Role],
    reason: str,
    now: datetime,
    *,
    problem: str = "",
) -> LookScreen:
    """Return the second step: what is held, at what price, who works by hand, who is told."""
    system = one.system
    shown = next((found for found in system.levers if found.id == lever.id), None)
    line = lever_line(shown, now) if shown else None
    fallback = system.fallback
    return LookScreen(
        value=Chosen(system=system.id, verb=lever.verb, target=lever.target).written(),
        system=system.id,
        name=inert(system.name),
        what=action(lever.verb, lever.target),
        lever=lever.id,
        does=_does(lever),
        cost=price(shown.cost if shown else None),
        already=line if line and line.by else None,
        fallback=inert(fallback.instructions) if fallback else "",
        fallback_owner=fallback.owner if fallback else "",
        owner=system.business_owner,
        asked=listed([role.value for role in asked], last="and"),
        never=shown is None or shown.proven is None,
        reason=reason,
        problem=problem,
    )


def _picks(one: Stoppable, chosen: Chosen | None, named: str) -> SystemPicks:
    system = one.system
    mine = chosen if chosen and chosen.system == system.id else None
    picks: list[Pick] = []
    for lever in one.levers:
        value = Chosen(system=system.id, verb=lever.verb, target=lever.target)
        held = next((found for found in system.levers if found.id == lever.id and found.held), None)
        picks.append(
            Pick(
                value=value.written(),
                what=action(lever.verb, lever.target),
                does=_does(lever),
                id=f"{system.id}-{lever.verb.value}-{lever.target}".rstrip("-"),
                chosen=mine == value or (mine is None and named == system.id and not picks),
                state=Status("held already", "■", "bad") if held else Status("", "", ""),
            )
        )
    whole, *parts = picks
    return SystemPicks(
        id=system.id,
        name=inert(system.name),
        state=USES[system.use.use],
        whole=whole,
        parts=tuple(parts),
        open=any(part.chosen for part in parts),
    )


def _does(lever: Lever) -> str:
    return RATE_NOUGHT if lever.verb is Verb.RATE_LIMIT else DOES[lever.verb]
