"""Applying orders to levers, proving their effect, and letting go again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field
from temporalio import activity

from activities.final import final_errors
from andon.domain.containment import Applied, Order, Proof
from andon.domain.errors import LeverUnknownError
from andon.domain.proof import pace_of
from andon.domain.values import Carried
from andon.ports import LeverControl

PROBE_EVERY = timedelta(milliseconds=50)
PROBE_SLOWEST = timedelta(seconds=1)
BEAT = timedelta(seconds=3)
"""Between two heartbeats, also while one look takes its time."""


class ApplyCall(Carried):
    """An order to put in force, and how long capturing the state before may take."""

    order: Order
    capture_within: timedelta
    attempt: int = Field(0, description="0, or the round in which the lever is set anew: another effect")


class AtOnce(Carried):
    """What one quick attempt came to: the hold, and a first look at its effect."""

    applied: Applied
    proof: Proof | None


class ProveCall(Carried):
    """An order whose effect is to be seen."""

    order: Order
    within: timedelta


class ContainmentActivities:
    """Acts on levers; the only activities with a right to."""

    def __init__(self, levers: Mapping[str, LeverControl]) -> None:
        self._levers = levers

    @activity.defn(name="containment.apply")
    async def apply(self, call: ApplyCall) -> Applied:
        """Put the hold on; a retried attempt leaves the lever as the first did.

        Raises:
            ApplicationError: `LeverUnknownError`, not retryable.
        """
        key = call.order.key(f"apply/{call.attempt}" if call.attempt else "apply")
        with final_errors():
            return await self._lever(call.order).apply(call.order, key, capture_within=call.capture_within)

    @activity.defn(name="containment.contain_at_once")
    async def contain_at_once(self, call: ApplyCall) -> AtOnce:
        """Put the hold on and look once; a repeat changes nothing.

        Raises:
            ApplicationError: `LeverUnknownError`, not retryable.
        """
        applied = await self.apply(call)
        with final_errors():
            return AtOnce(applied=applied, proof=await self._lever(call.order).probe(call.order))

    @activity.defn(name="containment.prove")
    async def prove(self, call: ProveCall) -> Proof:
        """Probe until the effect is seen or the time is up; caches need a moment.

        Returns the last look either way: only `held` makes it proof.
        """
        with final_errors():
            lever = self._lever(call.order)
            return await _probed_until(lever, call.order, call.within)

    def _lever(self, order: Order) -> LeverControl:
        try:
            return self._levers[order.lever.adapter]
        except KeyError as error:
            raise LeverUnknownError(order.lever.id) from error


async def _probed_until(lever: LeverControl, order: Order, within: timedelta) -> Proof:
    loop = asyncio.get_running_loop()
    end = loop.time() + within.total_seconds()
    pause = PROBE_EVERY
    while True:
        proof = await _looked(lever, order)
        wait = max(pause, pace_of(order.lever.proofs))
        if proof.ready_at is not None:
            wait = min(max(wait, proof.ready_at - proof.at), BEAT)
        if proof.held or loop.time() + wait.total_seconds() > end:
            return proof
        activity.heartbeat(proof.saw)
        await asyncio.sleep(wait.total_seconds())
        pause = min(pause * 2, PROBE_SLOWEST)


async def _looked(lever: LeverControl, order: Order) -> Proof:
    """Look once, and say meanwhile that this worker is alive: several ways to look add up."""
    looking = asyncio.ensure_future(lever.probe(order))
    try:
        while not (await asyncio.wait({looking}, timeout=BEAT.total_seconds()))[0]:
            activity.heartbeat()
        return looking.result()
    finally:
        looking.cancel()
