"""The built-in lever: a flag, kept as holds in the switch store and read over OFREP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from andon.adapters.clock import utc_now
from andon.domain.containment import (
    FLAG_SHAPES,
    Applied,
    Order,
    Proof,
    Released,
    Verb,
    flag_key,
    session_flag,
)
from andon.domain.errors import InvalidInputError, LeverUnknownError, NotFoundError
from andon.domain.sessions import DIGEST_KEY
from andon.domain.share import TARGETING_KEY, Sampled, sample_of
from andon.domain.values import canonical
from andon.register.switches import Switches

VIA: Final = "openfeature"
SAMPLE: Final = 100
"""Requests that show a share: both sides, and about how many on each."""
FEW: Final = 6

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a client of the flag got; no value if it got no decision of the server."""

    value: bool | int | None
    code: str
    incident: str = ""


class FlagProbe(Protocol):
    """Reads a flag as an application does."""

    async def look(
        self, key: str, *, number: bool, about: str = "", said: Mapping[str, str] | None = None
    ) -> Look:
        """Evaluate a permission, or a limit if `number`; errors come back as a code.

        `about` is the targeting key and `said` what else the evaluation context says.
        """


class FlagLever:
    """Carries out orders as holds on flags."""

    def __init__(self, switches: Switches, probe: FlagProbe, now: Callable[[], datetime] = utc_now) -> None:
        self._switches = switches
        self._probe = probe
        self._now = now

    async def read(self, order: Order) -> bytes:
        """Return the holds on the lever and on its system's pause flag, as JSON."""
        key = _key(order)
        holds = await asyncio.to_thread(self._switches.holds, order.lever.system)
        relevant = [hold for hold in holds if hold.lever in (key, f"{order.lever.system}.allowed")]
        return canonical({"lever": key, "holds": [hold.model_dump(mode="json") for hold in relevant]})

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        """Capture, then put the order's hold on; a repeat with the same key changes nothing."""
        _key(order)
        done = await asyncio.to_thread(self._switches.applied, order.id, key)
        if done is not None:
            return done
        captured, gap = await self._captured(order, capture_within)
        at = self._now()
        return await asyncio.to_thread(self._switches.put_hold, order.hold(at), key, captured, at=at, gap=gap)

    async def probe(self, order: Order) -> Proof:
        """Look at the flag through OpenFeature.

        Held means: a client is denied, and this order's own hold is among the reasons. Once it is
        released the answer is no, and names the incident that still denies, if there is one.
        """
        flag = _key(order)
        if order.share is not None:
            return await self._probed_share(order)
        number = order.lever.verb is Verb.RATE_LIMIT
        look, standing = await asyncio.gather(
            self._looked(order, flag),
            asyncio.to_thread(self._switches.holds, order.lever.system),
        )
        own = any(hold.order == order.id for hold in standing)
        denied = _denied(look, order.limit if number else None)
        saw = f"{look.code}/{look.incident}" if denied and not own and look.incident else look.code
        return Proof(order=order.id, held=denied and own, at=self._now(), via=VIA, saw=saw)

    async def sample(self, order: Order) -> Sampled:
        """Look from both sides of the order's share."""
        return await self._sampled(order, SAMPLE)

    async def _probed_share(self, order: Order) -> Proof:
        """Look at a few requests; held means that whoever is not in the share is denied."""
        standing, seen = await asyncio.gather(
            asyncio.to_thread(self._switches.holds, order.lever.system), self._sampled(order, FEW)
        )
        own = any(hold.order == order.id for hold in standing)
        held = own and seen.amiss == 0 and seen.denied > 0
        return Proof(order=order.id, held=held, at=self._now(), via=VIA, saw=f"SPLIT/{seen.saw}")

    async def _sampled(self, order: Order, count: int) -> Sampled:
        flag, lever, share = _key(order), order.lever, order.share
        if share is None:
            raise LeverUnknownError(lever.id)
        number = lever.verb is Verb.RATE_LIMIT
        asked = sample_of(share, lever.system, count)
        looks = await asyncio.gather(
            *(
                self._probe.look(flag, number=number, about=one[TARGETING_KEY], said=_said(one))
                for one in asked
            )
        )
        holds = await asyncio.to_thread(self._switches.holds, lever.system)
        concerned = (flag, f"{lever.system}.allowed")
        others = any(hold.lever in concerned and hold.share != share for hold in holds)
        denied = [_denied(look, order.limit if number else None) for look in looks]
        within = [share.lets_through(lever.system, one) for one in asked]
        amiss = sum(
            look.value is None or (no is inside and not (inside and others))
            for look, no, inside in zip(looks, denied, within, strict=True)
        )
        return Sampled(
            order=order.id,
            at=self._now(),
            via=VIA,
            let_through=denied.count(False),
            denied=denied.count(True),
            amiss=amiss,
            others=others,
        )

    async def _looked(self, order: Order, flag: str) -> Look:
        """Look as the application does, which knows a session by its id; the digest does as well."""
        lever = order.lever
        if lever.verb is Verb.QUARANTINE_SESSION:
            about = f"{DIGEST_KEY}{lever.target}"
            return await self._probe.look(session_flag(lever.system), number=False, about=about)
        return await self._probe.look(flag, number=lever.verb is Verb.RATE_LIMIT)

    async def release(self, order: Order, key: str) -> Released:
        """Take the order's hold off; an order that never held anything has nothing to take off."""
        flag = _key(order)
        at = self._now()
        try:
            allowed = await asyncio.to_thread(self._switches.release, order.id, key, at=at)
        except NotFoundError:
            answer = await asyncio.to_thread(self._switches.answer, flag, normal=True)
            allowed = bool(answer.value)
        return Released(order=order.id, at=at, allowed=allowed)

    async def _captured(self, order: Order, within: timedelta) -> tuple[bytes | None, str | None]:
        """Return the lever's state, or why it could not be had; containment goes on either way."""
        try:
            return await asyncio.wait_for(self.read(order), within.total_seconds()), None
        except TimeoutError:
            gap = "timeout"
        except SQLAlchemyError as error:
            gap = type(error).__name__
        log.warning("state before %s not captured: %s", order.id, gap)
        return None, gap


def _said(context: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in context.items() if name != TARGETING_KEY}


def _key(order: Order) -> str:
    """Return the order's flag.

    Raises:
        LeverUnknownError: no flag can carry the order out.
    """
    lever = order.lever
    if lever.adapter != "flag" or lever.verb not in FLAG_SHAPES:
        raise LeverUnknownError(lever.id)
    try:
        key = flag_key(lever.system, lever.verb, lever.target)
    except InvalidInputError as error:
        raise LeverUnknownError(lever.id) from error
    if key != lever.id:
        raise LeverUnknownError(lever.id)
    return key


def _denied(look: Look, limit: int | None) -> bool:
    if look.value is None:
        return False
    if limit is None:
        return look.value is False
    # True is a number to Python, but no server that serves a limit says so.
    return not isinstance(look.value, bool) and look.value <= limit
