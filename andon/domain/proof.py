"""When an order counts as proven: which looks are asked for, what each found, and what they say together.

Every look that is named must find the effect. A look that can't tell is no proof and no disproof: it is
named, so that people know what is still open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.errors import InvalidInputError
from andon.domain.turned_away import TurnedAway
from andon.domain.values import Carried

FLAG: Final = "flag"
"""The built-in lever; its own look is an evaluation as the consumer makes it."""

CACHE: Final = "cache_seconds"
ARRIVAL: Final = "spans_seconds"
LOOKS: Final = "looks"
AWAY: Final = "away"
WAITING: Final = "waiting_for_caches"
UNSEEN: Final = frozenset({AWAY, WAITING})
"""What a look says that saw nothing."""
MOST_CACHED: Final = timedelta(seconds=270)
LONGEST_WAIT: Final = timedelta(minutes=5)
"""For proof of one order in one round; caches are waited out within it."""
SPANS_ARRIVE: Final = timedelta(seconds=6)
"""OpenTelemetry's batch processor sends every 5 s unless told otherwise."""
REQUESTS_NEEDED: Final = 3
"""Absence of spans says nothing of a system that nobody has asked anything."""
MOST_LOOKS: Final = 10
SPARING: Final = timedelta(seconds=2)
"""Between two looks that cost the AI system a request or the recorder a search."""


class Ground(StrEnum):
    """A further look at an order's effect, besides the lever's own."""

    CONSUMER = "consumer"
    REQUEST = "request"
    SPANS = "spans"


class Finding(StrEnum):
    """What one look came to."""

    HELD = "held"
    NOT_HELD = "not_held"
    UNPROVEN = "unproven"
    """It can't tell: no traffic, no answer."""


class Part(Carried):
    """One look at an order's effect."""

    ground: str = Field(description="`lever`, or one of the further looks")
    finding: Finding
    saw: str = Field(description="code of what was seen, such as `no_traffic`")
    in_flight: int = Field(0, description="requests that began before the stop and ended after it")
    backlog: int = Field(0, description="requests taken in and not yet worked on, as the AI system says")


def own_ground(adapter: str) -> str:
    """Return what a lever's own look is called."""
    return Ground.CONSUMER.value if adapter == FLAG else "lever"


def all_hold(parts: Sequence[Part]) -> bool:
    """Whether every look found the effect; none at all proves nothing."""
    return bool(parts) and all(part.finding is Finding.HELD for part in parts)


def missing(parts: Sequence[Part]) -> tuple[str, ...]:
    """Name the looks that did not find the effect, each with what it saw instead."""
    return tuple(f"{part.ground}:{part.saw}" for part in parts if part.finding is not Finding.HELD)


def summary(parts: Sequence[Part]) -> str:
    """Say what is open of looks that don't all hold, such as `partial: consumer held, spans not`."""
    held = [part.ground for part in parts if part.finding is Finding.HELD]
    without = [part.ground for part in parts if part.finding is Finding.NOT_HELD]
    unclear = [part for part in parts if part.finding is Finding.UNPROVEN]
    if held and without:
        return f"partial: {', '.join(held)} held, {', '.join(without)} not"
    return f"unproven: {(unclear or parts)[0].saw}" if parts else "unproven: no_answer"


def of_spans(*, used: int, in_flight: int, requests: int) -> Part:
    """Judge the spans of what was stopped, in the time since it was.

    Args:
        used: spans that began after the stop took effect.
        in_flight: spans that began before it and ended after.
        requests: requests that would have used it, seen or sent in the same time.
    """
    finding, saw = Finding.HELD, "absent"
    if used:
        finding, saw = Finding.NOT_HELD, "seen"
    elif requests < REQUESTS_NEEDED:
        finding, saw = Finding.UNPROVEN, "no_traffic"
    return Part(ground=Ground.SPANS, finding=finding, saw=saw, in_flight=in_flight)


def cached_for(options: Mapping[str, str]) -> timedelta:
    """Return how long caches on the consumer's way may show the state before; unreadable is the longest."""
    return _seconds(options, CACHE, timedelta(0))


def settles_in(options: Mapping[str, str], proofs: Sequence[Ground]) -> timedelta:
    """Return how long after a change no look at the lever counts."""
    arrival = _seconds(options, ARRIVAL, SPANS_ARRIVE) if Ground.SPANS in proofs else timedelta(0)
    return min(cached_for(options) + arrival, MOST_CACHED)


def proof_within(within: timedelta, options: Mapping[str, str], proofs: Sequence[Ground]) -> timedelta:
    """Return how long proof is waited for in one round, with the caches waited out."""
    settling = settles_in(options, proofs)
    return min(within + settling, max(within, LONGEST_WAIT)) if settling else within


def looks_of(options: Mapping[str, str], adapter: str) -> int:
    """Return how many looks in a row must find the effect; one that alternates is not held."""
    named = options.get(LOOKS, "")
    if named.isascii() and named.isdigit():
        return max(1, min(int(named), MOST_LOOKS))
    return 1 if adapter == FLAG else 2


def requests_of(proofs: Sequence[Ground]) -> int:
    """Return how many synthetic requests one look sends: with spans, as many as absence needs."""
    return REQUESTS_NEEDED if Ground.SPANS in proofs else 1


def span_of(options: Mapping[str, str], target: str) -> str:
    """Return the name of the spans that show a use of what is stopped; a tool's as OpenTelemetry has it."""
    return options.get("span", "") or (f"execute_tool {target}" if target else "")


def pace_of(proofs: Sequence[Ground]) -> timedelta:
    """Return the least time between two looks."""
    return SPARING if {Ground.REQUEST, Ground.SPANS} & set(proofs) else timedelta(0)


def worth_putting_again(adapter: str, saw: str, parts: Sequence[Part]) -> bool:
    """Whether the lever is to be set anew: it was seen free, not only out of sight.

    A flag that is on record can't be set any better, unless it was seen to have no effect.
    """
    if parts:
        return any(part.finding is Finding.NOT_HELD for part in parts)
    return adapter != FLAG and saw not in UNSEEN


def check_options(
    lever: str, options: Mapping[str, str], adapter: str, target: str, proofs: Sequence[Ground]
) -> None:
    """Refuse options of proof that can't be used.

    Raises:
        InvalidInputError: the message names the option and what it may be.
    """
    whole = ((CACHE, 0, _whole(MOST_CACHED)), (ARRIVAL, 0, _whole(MOST_CACHED)), (LOOKS, 1, MOST_LOOKS))
    for name, least, most in whole:
        said = options.get(name)
        if said is not None and not (said.isascii() and said.isdigit() and least <= int(said) <= most):
            raise InvalidInputError(f"lever {lever}: option {name} must be a whole number, {least} to {most}")
    needs = {
        Ground.CONSUMER: () if adapter == FLAG else ("flag",),
        Ground.REQUEST: ("request_url", "request_stopped", "request_secret"),
        Ground.SPANS: ("request_span", *(() if span_of(options, target) else ("span",))),
    }
    for ground in proofs:
        lacking = [name for name in needs[ground] if not options.get(name)]
        if lacking:
            raise InvalidInputError(f"lever {lever}: proof {ground} needs the options {', '.join(lacking)}")
    if Ground.REQUEST in proofs:
        TurnedAway.read(options["request_stopped"])


def _whole(time: timedelta) -> int:
    return int(time.total_seconds())


def _seconds(options: Mapping[str, str], name: str, otherwise: timedelta) -> timedelta:
    said = options.get(name)
    if said is None:
        return otherwise
    if not (said.isascii() and said.isdigit()) or len(said) > 6:
        return MOST_CACHED
    return min(timedelta(seconds=int(said)), MOST_CACHED)
