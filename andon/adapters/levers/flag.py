"""The built-in lever: a flag, kept as holds in the switch store and read over OFREP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from andon.adapters.clock import utc_now
from andon.domain.containment import FLAG_SHAPES, Applied, Order, Proof, Released, Verb, flag_key
from andon.domain.errors import InvalidInputError, LeverUnknownError, NotFoundError
from andon.domain.values import canonical
from andon.register.switches import Switches

VIA: Final = "openfeature"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a client of the flag got; no value if it got no decision of the server."""

    value: bool | int | None
    code: str
    incident: str = ""


class FlagProbe(Protocol):
    """Reads a flag as an application does."""

    async def look(self, key: str, *, number: bool) -> Look:
        """Evaluate a permission, or a limit if `number`; errors come back as a code."""


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
        number = order.lever.verb is Verb.RATE_LIMIT
        look, standing = await asyncio.gather(
            self._probe.look(flag, number=number),
            asyncio.to_thread(self._switches.holds, order.lever.system),
        )
        own = any(hold.order == order.id for hold in standing)
        denied = _denied(look, order.limit if number else None)
        saw = f"{look.code}/{look.incident}" if denied and not own and look.incident else look.code
        return Proof(order=order.id, held=denied and own, at=self._now(), via=VIA, saw=saw)

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
