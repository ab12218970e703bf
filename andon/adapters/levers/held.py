"""Any lever outside Andon as a set of holds: one vendor gives a `Point`, this gives all that is promised.

Promised (docs/adr/0028): the state before is captured first; what is meant is on record before the vendor is
called; the strictest hold wins; a call whose outcome is unknown is looked at before it is repeated; a lever
is let go of only when nothing holds it; and proof is withheld while it is being let go of.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from andon.adapters.clock import utc_now
from andon.domain.containment import Applied, Hold, Lever, Order, Proof, Released, strictest
from andon.domain.errors import LeverAwayError, OutdatedError, ReleaseRefusedError
from andon.register.held import HeldLevers

ROUNDS: Final = 5
"""How often a lever is brought in line while others change what it should be."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a lever's effect came to."""

    held: bool
    saw: str
    """A code: what was seen, never free text."""
    via: str
    """The path that was taken."""


class Point(Protocol):
    """One vendor's way to a lever.

    Every call is bounded in time and raises `LeverAwayError` when the vendor does not answer as agreed,
    `LeverUnknownError` when there is no such lever there.
    """

    async def read(self, lever: Lever) -> bytes:
        """Return the present state, enough to bring it back, without secrets; equal states, equal bytes."""

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        """Bring the lever into the state a hold asks for; `key` lets the vendor tell a repeat."""

    async def is_put(self, lever: Lever, hold: Hold) -> bool:
        """Whether the vendor says that the lever is in that state; False also where it can't say."""

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        """Bring back a state that `read` or `normal` gave."""

    def normal(self, lever: Lever) -> bytes | None:
        """Return the state to restore where none was captured, as its options name it; None: they don't."""

    async def look(self, lever: Lever, hold: Hold) -> Seen:
        """Look at the hold's effect by a path on which the lever's own reply has no say."""


class HeldLever:
    """Carries out orders on a vendor's levers."""

    def __init__(self, point: Point, held: HeldLevers, now: Callable[[], datetime] = utc_now) -> None:
        self._point = point
        self._held = held
        self._now = now

    async def read(self, order: Order) -> bytes:
        """Return the lever's present state."""
        return await self._point.read(order.lever)

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        """Capture, put the hold on record, then bring the vendor in line; a repeat changes nothing.

        Raises:
            LeverAwayError: the vendor did not answer; whether the lever holds is unknown.
        """
        done = await asyncio.to_thread(self._held.applied, order.id, key)
        if done is not None:
            return done
        again = await asyncio.to_thread(self._held.intended, order.id)
        if not again:
            await self._intend(order, capture_within)
        await self._bring_in_line(order.lever, key, again=again)
        await asyncio.to_thread(self._held.note, order.lever.id, order.id, key, "apply", at=self._now())
        applied = await asyncio.to_thread(self._held.applied, order.id, key)
        assert applied is not None  # noqa: S101 - it was noted one line above
        return applied

    async def probe(self, order: Order) -> Proof:
        """Look at the effect; held means: it is seen, the order holds, and nobody is letting go."""
        standing = await asyncio.to_thread(self._held.standing, order.lever.id)
        loosening = await asyncio.to_thread(self._held.loosening, order.lever.id)
        own = next((hold for hold in standing if hold.order == order.id), None)
        try:
            seen = await self._point.look(order.lever, own or order.hold(order.ordered_at))
        except LeverAwayError as error:
            seen = Seen(held=False, saw="away", via=type(self._point).__name__.lower())
            log.warning("%s could not be looked at: %s", order.lever.id, error.problem)
        saw = f"{seen.saw}/letting_go" if seen.held and loosening else seen.saw
        held = seen.held and own is not None and not loosening
        return Proof(order=order.id, held=held, at=self._now(), via=seen.via, saw=saw)

    async def release(self, order: Order, key: str) -> Released:
        """Take the hold off the record, then bring the vendor in line; a repeat changes nothing.

        Raises:
            ReleaseRefusedError: it is the last hold, and nobody knows the state to go back to.
            LeverAwayError: the vendor did not answer; the lever may still hold.
        """
        lever = order.lever
        if await asyncio.to_thread(self._held.applied, order.id, key) is None:
            await self._refuse_without_a_way_back(order)
            if await asyncio.to_thread(self._held.let_go_of, order.id, at=self._now()):
                await self._bring_in_line(lever, key, again=True)
                await asyncio.to_thread(self._held.note, lever.id, order.id, key, "release", at=self._now())
        standing = await asyncio.to_thread(self._held.standing, lever.id)
        return Released(order=order.id, at=self._now(), allowed=not standing)

    async def _intend(self, order: Order, within: timedelta) -> None:
        """Put the hold on record with the state before, read again if it changed meanwhile."""
        for _ in range(ROUNDS):
            since = await asyncio.to_thread(self._held.version, order.lever.id)
            captured, gap = await self._captured(order, within)
            at = self._now()
            try:
                return await asyncio.to_thread(
                    self._held.intend, order.hold(at), captured, at=at, gap=gap, since=since
                )
            except OutdatedError:
                log.info("%s changed while its state was read", order.lever.id)
        at = self._now()
        return await asyncio.to_thread(
            self._held.intend, order.hold(at), None, at=at, gap="changing", since=0
        )

    async def _captured(self, order: Order, within: timedelta) -> tuple[bytes | None, str | None]:
        """Return the lever's state, or why it could not be had; containment goes on either way."""
        try:
            return await asyncio.wait_for(self._point.read(order.lever), within.total_seconds()), None
        except TimeoutError:
            gap = "timeout"
        except (LeverAwayError, SQLAlchemyError) as error:
            gap = type(error).__name__
        log.warning("state before %s not captured: %s", order.id, gap)
        return None, gap

    async def _bring_in_line(self, lever: Lever, key: str, *, again: bool) -> None:
        """Set the vendor to what the holds ask for, and look whether they asked for something else meanwhile.

        Whoever calls the vendor last reads the holds after that, so the last word is always theirs.
        """
        for nth in range(ROUNDS):
            standing = await asyncio.to_thread(self._held.standing, lever.id)
            # Another round is another effect: under the same key the vendor would take it for a repeat.
            await self._set(lever, standing, f"{key}/{nth}" if nth else key, again=again or nth > 0)
            if await asyncio.to_thread(self._held.standing, lever.id) == standing:
                return
        raise LeverAwayError(lever.id, "its holds change faster than it can follow")

    async def _set(self, lever: Lever, standing: list[Hold], key: str, *, again: bool) -> None:
        hold = strictest(standing)
        if hold is not None:
            if not (again and await self._point.is_put(lever, hold)):
                await self._point.put(lever, hold, key)
            return
        resting = await self._resting(lever)
        if resting is not None and not await self._is_back(lever, resting):
            await self._point.restore(lever, resting, key)

    async def _is_back(self, lever: Lever, resting: bytes) -> bool:
        """Whether the vendor says that the lever is at rest; False also where it can't say."""
        try:
            return await self._point.read(lever) == resting
        except LeverAwayError:
            return False

    async def _resting(self, lever: Lever) -> bytes | None:
        return await asyncio.to_thread(self._held.resting, lever.id) or self._point.normal(lever)

    async def _refuse_without_a_way_back(self, order: Order) -> None:
        standing = await asyncio.to_thread(self._held.standing, order.lever.id)
        last = [hold.order for hold in standing] == [order.id]
        if last and await self._resting(order.lever) is None:
            raise ReleaseRefusedError(order.id, "its state before was lost; options name no `normal`")
