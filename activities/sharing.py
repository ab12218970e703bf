"""Seeing that a share of requests goes through, and that the others don't."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from temporalio import activity

from activities.final import final_errors
from andon.domain.containment import Order
from andon.domain.errors import LeverUnknownError
from andon.domain.share import Sampled
from andon.domain.values import Carried
from andon.ports import LeverControl, SharingLever

AGAIN = timedelta(seconds=1)


class SampleCall(Carried):
    """An order with a share, whose both sides are to be seen."""

    order: Order
    within: timedelta


class SharingActivities:
    """Looks at levers that let a share of requests through."""

    def __init__(self, levers: Mapping[str, LeverControl]) -> None:
        self._levers = levers

    @activity.defn(name="containment.sample")
    async def sample(self, call: SampleCall) -> Sampled:
        """Look until both sides are seen or the time is up; returns the last look either way.

        Raises:
            ApplicationError: `LeverUnknownError`, not retryable: this lever knows no shares.
        """
        with final_errors():
            lever: object = self._levers.get(call.order.lever.adapter)
            if not isinstance(lever, SharingLever):
                raise LeverUnknownError(call.order.lever.id)
            return await _sampled_until(lever, call)


async def _sampled_until(lever: SharingLever, call: SampleCall) -> Sampled:
    loop = asyncio.get_running_loop()
    end = loop.time() + call.within.total_seconds()
    while True:
        seen = await lever.sample(call.order)
        activity.heartbeat(seen.saw)
        if seen.proven or loop.time() + AGAIN.total_seconds() > end:
            return seen
        await asyncio.sleep(AGAIN.total_seconds())
