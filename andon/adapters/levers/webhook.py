"""Any program as a lever that takes a signed webhook: put and let go by POST, state and proof by GET."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from standardwebhooks.webhooks import Webhook

from andon.adapters.clock import utc_now
from andon.adapters.levers.calls import (
    JSON,
    Looked,
    Standing,
    accepted,
    limited,
    read_as,
    state_named,
    told,
    wire_key,
)
from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.adapters.outgoing import Answer, Outgoing
from andon.adapters.places import place_of
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError
from andon.domain.values import canonical

VIA: Final = "webhook_probe"
SHAPE: Final = Shape(
    ("url", "secret", "state_url", "probe_url", "held_status", "normal"),
    needed=("url", "secret"),
    pairs={"held_status": "probe_url", "normal": "state_url"},
)

_SECRET: Final = re.compile(r"whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{2,3}={0,2})?")


class WebhookPoint:
    """A receiver of webhooks, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

    def __init__(
        self, means: Means, outgoing: Outgoing | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._means = means
        self._outgoing = outgoing or Outgoing(means.settings)
        self._now = now

    async def read(self, lever: Lever) -> bytes:
        """Return whether it is held, and its state, from `state_url`."""
        if "state_url" not in lever.options:
            raise LeverAwayError(lever.id, "options name no state_url")
        return (await self._standing(lever)).kept(lever)

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        """Send `lever.hold`."""
        await self._send(lever, "lever.hold", key, _sent(lever, hold))

    async def is_put(self, lever: Lever, hold: Hold) -> bool:
        """Whether `state_url` says so."""
        if "state_url" not in lever.options:
            return False
        return (await self._standing(lever)).is_of(lever, hold, _sent(lever, hold))

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        """Send `lever.release`, with the state to bring back if it is known."""
        await self._send(lever, "lever.release", key, {"state": json.loads(resting)["state"]})

    def normal(self, lever: Lever) -> bytes | None:
        """Return the state that the options name; a receiver that tells no state knows its own."""
        state = state_named(lever)
        if state is None and "state_url" in lever.options:
            return None
        return canonical({"held": False, "state": state})

    async def look(self, lever: Lever, hold: Hold) -> Seen:  # noqa: ARG002 - the URL says what to look for
        """Ask a place on the consumer's path; without one, nothing is ever proven."""
        if "probe_url" not in lever.options:
            return Seen(held=False, saw="no_probe", via=VIA)
        answer = await self._ask(lever, "probe_url")
        status = lever.options.get("held_status")
        if status is None:
            return read_as(Looked, lever, answer).seen(VIA)
        return Seen(held=str(answer.status) == status, saw=f"http_{answer.status}", via=VIA)

    async def _standing(self, lever: Lever) -> Standing:
        return read_as(Standing, lever, await self._ask(lever, "state_url"))

    async def _ask(self, lever: Lever, option: str) -> Answer:
        headers = self._signed(lever, f"look/{secrets.token_hex(8)}", b"")
        return await self._outgoing.call(lever.id, "GET", lever.options[option], headers=headers)

    async def _send(self, lever: Lever, kind: str, key: str, more: dict[str, Any]) -> None:
        named = {"key": key, "lever": lever.id, "system": lever.system, "verb": lever.verb.value}
        body = canonical({"type": kind, "data": {**named, "target": lever.target, **more}})
        once = wire_key(key, body)
        headers = {"content-type": JSON, "idempotency-key": once, **self._signed(lever, once, body)}
        answer = await self._outgoing.call(lever.id, "POST", lever.options["url"], headers=headers, body=body)
        accepted(lever, answer)

    def _signed(self, lever: Lever, once: str, body: bytes) -> dict[str, str]:
        at = self._now()
        secret = self._means.secret(lever, "secret").get_secret_value()
        # The library reads base64 laxly: of a mistyped secret it would sign with what is left.
        if not _SECRET.fullmatch(secret):
            raise InvalidInputError(
                f"lever {lever.id}: the secret of option secret must be `whsec_` and base64 of 24 bytes"
            )
        return {
            "webhook-id": once,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(once, at, body.decode()),
        }


def check(lever: Lever) -> None:
    """Refuse options that can't be used."""
    SHAPE.check(lever)
    for option in ("url", "state_url", "probe_url"):
        if option in lever.options:
            place_of(lever.options[option])
    status = lever.options.get("held_status", "403")
    if not (status.isascii() and status.isdigit() and 400 <= int(status) <= 599):
        raise InvalidInputError(f"lever {lever.id}: option held_status is a status from 400 to 599")
    state_named(lever)


def _sent(lever: Lever, hold: Hold) -> dict[str, Any]:
    return {**told(hold), **limited(lever, hold)}


KIND: Final = LeverKind(
    verbs=frozenset(Verb), check=check, make=lambda means: HeldLever(WebhookPoint(means), means.held)
)
