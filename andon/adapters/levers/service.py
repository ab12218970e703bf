"""Retrieval sources, indexes and memory as levers, by the HTTP contract of docs/reference/lever-http.md."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlencode

from andon.adapters.levers.calls import (
    JSON,
    Looked,
    Standing,
    read_as,
    state_named,
    told,
    visible,
    wire_key,
)
from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.adapters.outgoing import Outgoing
from andon.adapters.places import place_of
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError
from andon.domain.values import canonical

VIA: Final = "http_look"
NO_TARGET: Final = "-"
SENT: Final = ("to", "records", "session")
"""Options that go with a hold, and with each look."""

COMMON: Final = ("url", "secret", "probe_url", "probe_secret", "normal")
PAIRS: Final = {"probe_secret": "probe_url"}
SHAPES: Final = {
    Verb.BLOCK_SOURCE: Shape(COMMON, ("url",), PAIRS),
    Verb.ROLL_BACK_INDEX: Shape((*COMMON, "to"), ("url", "to"), PAIRS),
    Verb.QUARANTINE_RECORDS: Shape((*COMMON, "records"), ("url", "records"), PAIRS),
    Verb.BLOCK_WRITES: Shape(COMMON, ("url",), PAIRS),
    Verb.QUARANTINE_SESSION: Shape((*COMMON, "session"), ("url",), PAIRS),
    Verb.SWITCH_TO_FALLBACK: Shape((*COMMON, "to"), ("url",), PAIRS),
    Verb.ENFORCE_FILTER: Shape((*COMMON, "to"), ("url",), PAIRS),
    Verb.NARROW_PERMISSIONS: Shape((*COMMON, "to"), ("url",), PAIRS),
}


class ServicePoint:
    """A service that answers the contract."""

    def __init__(self, means: Means, outgoing: Outgoing | None = None) -> None:
        self._means = means
        self._outgoing = outgoing or Outgoing(means.settings)

    async def read(self, lever: Lever) -> bytes:
        """Return whether it is held, and its state."""
        return (await self._standing(lever)).kept(lever)

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        """Put the hold on, in place of any before."""
        if not (await self._put(lever, {"hold": _sent(lever, hold)}, key)).held:
            raise LeverAwayError(lever.id, "took the hold and says that nothing is held")

    async def is_put(self, lever: Lever, hold: Hold) -> bool:
        """Whether this hold is the one in force."""
        return (await self._standing(lever)).is_of(lever, hold, _sent(lever, hold))

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        """Let go, and bring back a state."""
        if (await self._put(lever, {"hold": None, "state": json.loads(resting)["state"]}, key)).held:
            raise LeverAwayError(lever.id, "was let go of and says that it is held")

    def normal(self, lever: Lever) -> bytes | None:
        """Return the state that the options name."""
        state = state_named(lever)
        return None if state is None else canonical({"held": False, "state": state})

    async def look(self, lever: Lever, hold: Hold) -> Seen:  # noqa: ARG002 - the options say what to look for
        """Ask what the consumer's path serves."""
        option = "probe_secret" if "probe_url" in lever.options else "secret"
        answer = await self._outgoing.call(
            lever.id, "GET", look_url(lever), headers=self._headers(lever, option)
        )
        return read_as(Looked, lever, answer).seen(VIA)

    async def _standing(self, lever: Lever) -> Standing:
        answer = await self._outgoing.call(
            lever.id, "GET", lever_url(lever), headers=self._headers(lever, "secret")
        )
        return read_as(Standing, lever, answer)

    async def _put(self, lever: Lever, wanted: dict[str, Any], key: str) -> Standing:
        body = canonical(wanted)
        headers = {"content-type": JSON, "idempotency-key": wire_key(key, body)}
        headers |= self._headers(lever, "secret")
        answer = await self._outgoing.call(lever.id, "PUT", lever_url(lever), headers=headers, body=body)
        return read_as(Standing, lever, answer)

    def _headers(self, lever: Lever, option: str) -> dict[str, str]:
        if option not in lever.options:
            return {}
        secret = visible(lever, option, self._means.secret(lever, option).get_secret_value())
        return {"authorization": f"Bearer {secret}"}


def lever_url(lever: Lever) -> str:
    """Return where the lever is."""
    return f"{_base(lever, 'url')}/levers/{lever.verb}/{lever.target or NO_TARGET}"


def look_url(lever: Lever) -> str:
    """Return where its effect is looked at."""
    base = _base(lever, "probe_url" if "probe_url" in lever.options else "url")
    asked = urlencode(_named(lever))
    return f"{base}/look/{lever.verb}/{lever.target or NO_TARGET}{'?' if asked else ''}{asked}"


def check(lever: Lever) -> None:
    """Refuse options that can't be used."""
    SHAPES[lever.verb].check(lever)
    for option in ("url", "probe_url"):
        if "?" in lever.options.get(option, ""):
            raise InvalidInputError(f"lever {lever.id}: option {option} is a base, without a query")
    place_of(lever_url(lever))
    place_of(look_url(lever))
    state_named(lever)


def _base(lever: Lever, option: str) -> str:
    return lever.options[option].rstrip("/")


def _named(lever: Lever) -> dict[str, str]:
    return {name: lever.options[name] for name in SENT if name in lever.options}


def _sent(lever: Lever, hold: Hold) -> dict[str, Any]:
    return {**told(hold), **_named(lever)}


KIND: Final = LeverKind(
    verbs=frozenset(SHAPES), check=check, make=lambda means: HeldLever(ServicePoint(means), means.held)
)
