"""Any lever with the whole of its proof: caches waited out, looks in a row, every further look that is named.

It wraps the lever of an adapter, so that whoever probes an order, wherever, gets the same answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from andon.adapters.clock import utc_now
from andon.domain import proof as rule
from andon.domain.containment import Applied, Order, Proof, Released
from andon.domain.errors import AndonError
from andon.domain.proof import Finding, Ground, Part
from andon.domain.share import Sampled
from andon.ports import LeverControl, SharingLever

LOOK_WITHIN: Final = 9.0
"""Seconds for one further look: less than the heartbeat of the activity that asks for it."""
CHANGING: Final = "flapping"

log = logging.getLogger(__name__)


class FurtherLook(Protocol):
    """One way to see an order's effect that is not the lever's own."""

    async def look(self, order: Order, *, since: datetime, sent: int) -> Part:
        """Look once.

        Args:
            order: what should be in effect.
            since: when the lever was last changed.
            sent: synthetic requests that were sent, and turned away, just before.

        Raises:
            AndonError: it could not look; that is no proof.
        """


class ProvenLever:
    """An adapter's lever; only its probe is more than the adapter's."""

    def __init__(
        self,
        lever: LeverControl,
        changed_at: Callable[[str], datetime | None],
        looks: Mapping[Ground, FurtherLook],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._lever = lever
        self._changed_at = changed_at
        self._looks = looks
        self._now = now

    async def read(self, order: Order) -> bytes:
        """Return the lever's present state."""
        return await self._lever.read(order)

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        """Put the order's hold on the lever."""
        return await self._lever.apply(order, key, capture_within=capture_within)

    async def release(self, order: Order, key: str) -> Released:
        """Take the order's hold off."""
        return await self._lever.release(order, key)

    async def probe(self, order: Order) -> Proof:
        """Look in every way that is named; held means that each found the effect.

        1. Until caches on the way have run out no look counts, and none is made.
        2. The lever's own look must find the effect each time, several times in a row.
        3. Only then are the further looks made: they cost the AI system requests.
        """
        lever = order.lever
        settling = rule.settles_in(lever.options, lever.proofs)
        since = None
        if settling or lever.proofs:
            since = await asyncio.to_thread(self._changed_at, lever.id)
            if since is not None and self._now() < since + settling:
                return self._not_yet(order, since + settling)
        own = await self._in_a_row(order)
        if not own.held or since is None or not lever.proofs:
            return own
        parts = await self._all(order, own, since)
        held = rule.all_hold(parts)
        saw = own.saw if held else ",".join(rule.missing(parts))
        return own.model_copy(update={"held": held, "at": self._now(), "saw": saw, "parts": parts})

    def _not_yet(self, order: Order, until: datetime) -> Proof:
        return Proof(
            order=order.id, held=False, at=self._now(), via="clock", saw=rule.WAITING, ready_at=until
        )

    async def _in_a_row(self, order: Order) -> Proof:
        """Look with the lever's own eyes until one look fails; one that alternates is not held."""
        looks = rule.looks_of(order.lever.options, order.lever.adapter)
        for nth in range(looks):
            proof = await self._lever.probe(order)
            if not proof.held:
                return proof.model_copy(update={"saw": f"{CHANGING}/{proof.saw}"}) if nth else proof
        return proof

    async def _all(self, order: Order, own: Proof, since: datetime) -> tuple[Part, ...]:
        """Make the further looks; requests go first, since they are traffic to the spans."""
        found = [Part(ground=rule.own_ground(order.lever.adapter), finding=Finding.HELD, saw=own.saw)]
        sent = 0
        for ground in sorted(set(order.lever.proofs), key=list(Ground).index):
            if ground.value == found[0].ground:
                continue
            part = await self._one(ground, order, since, sent)
            if ground is Ground.REQUEST and part.finding is Finding.HELD:
                sent = rule.requests_of(order.lever.proofs)
            found.append(part)
        return tuple(found)

    async def _one(self, ground: Ground, order: Order, since: datetime, sent: int) -> Part:
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await self._looks[ground].look(order, since=since, sent=sent)
        except TimeoutError:
            saw = "timeout"
        except (KeyError, AndonError) as error:
            log.warning("%s of %s could not be looked at: %s", ground, order.id, error)
            saw = rule.AWAY
        return Part(ground=ground.value, finding=Finding.UNPROVEN, saw=saw)


class ProvenSharingLever(ProvenLever):
    """One that can let a share of requests through: its own look from both sides is the proof of that."""

    def __init__(
        self,
        lever: SharingLever,
        changed_at: Callable[[str], datetime | None],
        looks: Mapping[Ground, FurtherLook],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(lever, changed_at, looks, now)
        self._sharing = lever

    async def sample(self, order: Order) -> Sampled:
        """Look at the effect from both sides of the order's share."""
        return await self._sharing.sample(order)


def proven(
    lever: LeverControl, changed_at: Callable[[str], datetime | None], looks: Mapping[Ground, FurtherLook]
) -> LeverControl:
    """Return an adapter's lever with the whole of its proof; what it can do besides, it still can."""
    if isinstance(lever, SharingLever):
        return ProvenSharingLever(lever, changed_at, looks)
    return ProvenLever(lever, changed_at, looks)
