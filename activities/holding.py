"""Looking at every order in force, putting on anew what was undone, and telling the incidents it concerns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from temporalio import activity

from activities.final import FINAL
from andon.domain.containment import Order, Proof
from andon.domain.errors import LeverAwayError
from andon.domain.holding import DEVIATES, HELD_ANEW, Deviation, HoldDuty, Round, pause_after
from andon.domain.proof import worth_putting_again
from andon.ports import HoldRegister, IncidentVoice, LeverControl, StandingOrder

SIDE_BY_SIDE: Final = 16
PAGE: Final = 500
LOOK_WITHIN: Final = timedelta(seconds=15)
"""For one look; a lever that takes longer is not seen to hold."""
SECOND_LOOK: Final = timedelta(seconds=1)
"""Before an order counts as deviating it is looked at twice: a lost packet is no deviation."""
PATIENCE: Final = 20
"""So many get a second look in a round; where more deviate, it is no lost packet."""
TOLD: Final = 50
"""Incidents that hear of a change in one round; the others hear in the next, since theirs stays one."""
APPLY_WITHIN: Final = timedelta(seconds=15)
NO_CAPTURE: Final = timedelta(0)
"""The state before was captured when the order was first applied; what stands now is not it."""

log = logging.getLogger(__name__)


@dataclass
class _Tour:
    """One round as it goes on."""

    before: frozenset[str]
    looked: int = 0
    deviating: list[str] = field(default_factory=list)
    patience: int = PATIENCE
    told: int = 0


class HoldingActivities:
    """Looks after what holds; works while an incident's own workflow is gone."""

    def __init__(
        self,
        levers: Mapping[str, LeverControl],
        register: HoldRegister,
        incidents: IncidentVoice,
        every: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._levers = levers
        self._register = register
        self._incidents = incidents
        self._every = every
        self._now = now

    @activity.defn(name="holding.look")
    async def look(self, duty: HoldDuty) -> Round:
        """Look at every order on one kind of lever, once."""
        begun = asyncio.get_running_loop().time()
        tour = _Tour(before=frozenset(duty.deviating))
        lever = self._levers.get(duty.adapter)
        after: str | None = None
        while lever is not None:
            page = await self._register.page(duty.adapter, after, PAGE)
            places = asyncio.Semaphore(SIDE_BY_SIDE)
            await asyncio.gather(*(self._placed(places, lever, one, tour) for one in page.standing))
            after = page.after
            activity.heartbeat(tour.looked)
            if after is None:
                break
        took = timedelta(seconds=asyncio.get_running_loop().time() - begun)
        return Round(
            looked=tour.looked,
            deviating=tuple(sorted(tour.deviating)),
            again_in=pause_after(took, self._every),
        )

    async def _placed(
        self, places: asyncio.Semaphore, lever: LeverControl, one: StandingOrder, tour: _Tour
    ) -> None:
        async with places:
            await self._looked_after(lever, one, tour)
        tour.looked += 1
        if tour.looked % SIDE_BY_SIDE == 0:
            activity.heartbeat(tour.looked)

    async def _looked_after(self, lever: LeverControl, one: StandingOrder, tour: _Tour) -> None:
        order, known = one.order, one.order.id in tour.before
        proof = await self._seen(lever, order)
        if not proof.held and not known and tour.patience:
            tour.patience -= 1
            await asyncio.sleep(SECOND_LOOK.total_seconds())
            proof = await self._seen(lever, order)
        if not proof.held and not await self._register.stands(order.id):
            return
        key = "" if proof.held else await self._applied_anew(lever, one, proof)
        holds = proof.held or (key != "" and (await self._seen(lever, order)).held)
        if holds and not known and not key:
            return
        told = await self._tell(HELD_ANEW if holds else DEVIATES, order, proof, key, tour)
        # One that holds again without its incident having heard is kept, one that deviates is found again.
        if told is not holds or (known and not holds):
            tour.deviating.append(order.id)

    async def _applied_anew(self, lever: LeverControl, one: StandingOrder, proof: Proof) -> str:
        """Apply once more and return the key it was done under; empty: it could not be done, or is of no use.

        A flag whose hold stands on record needs nothing: whoever can't see it can't reach the door.
        """
        order = one.order
        if one.recorded and not worth_putting_again(order.lever.adapter, proof.saw, proof.parts):
            return ""
        key = await self._register.reapply_key(order.id)
        try:
            async with asyncio.timeout(APPLY_WITHIN.total_seconds()):
                await lever.apply(order, key, capture_within=NO_CAPTURE)
        except (*FINAL, LeverAwayError, TimeoutError) as error:
            log.warning("%s could not be applied anew: %s", order.id, type(error).__name__)
            return ""
        return key

    async def _tell(self, signal: str, order: Order, proof: Proof, key: str, tour: _Tour) -> bool:
        """Tell the order's incident; False: it knows, or enough were told in this round."""
        if tour.told >= TOLD or (signal == DEVIATES and order.id in tour.before):
            return False
        tour.told += 1
        message = Deviation(order=order.id, saw=proof.saw[:64], at=proof.at, key=key)
        await self._incidents.tell(order.incident, signal, message)
        return True

    async def _seen(self, lever: LeverControl, order: Order) -> Proof:
        """Look once; what can't be seen is not held."""
        try:
            async with asyncio.timeout(LOOK_WITHIN.total_seconds()):
                return await lever.probe(order)
        except (*FINAL, LeverAwayError, TimeoutError) as error:
            saw = type(error).__name__
            log.warning("%s could not be looked at: %s", order.id, saw)
            return Proof(order=order.id, held=False, at=self._now(), via="none", saw=saw)
