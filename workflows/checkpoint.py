"""Sign the log over all incidents for ever: each minute, and at once when an incident has come far."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.checkpoint import CheckpointActivities
from andon.domain.checkpoint import CHECKPOINT, LOOK, Made
from workflows.steadfast import Steadfast

MAKE_TIMEOUT = timedelta(minutes=2)
VOUCH_TIMEOUT = timedelta(seconds=30)
RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
ONCE = RetryPolicy(maximum_attempts=1)
APART = timedelta(milliseconds=500)
"""Between two rounds, so that a storm of incidents is one checkpoint and not a thousand."""
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Checkpoint")
class CheckpointWorkflow:
    """Nothing that is sent ends it; one that was terminated is begun again by the worker."""

    @workflow.init
    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._wanted = False
        self._steadfast = Steadfast(None, CHECKPOINT)

    @workflow.run
    async def run(self, every: timedelta) -> None:
        """Make checkpoints until the history is long, then go on as a new run."""
        await self._steadfast.through(self._rounds())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(every)

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Look sooner if asked to; refuse any other signal."""
        if name == LOOK:
            self._wanted = True
        else:
            await self._steadfast.refuse(name)

    async def _rounds(self) -> None:
        while workflow.info().get_current_history_length() < EVENTS_PER_RUN:
            self._wanted = False
            await self._round()
            await workflow.sleep(min(APART, self._every), summary="what comes together is signed together")
            try:
                await workflow.wait_condition(
                    lambda: self._wanted, timeout=self._every, timeout_summary="before the next checkpoint"
                )
            except TimeoutError:
                continue

    async def _round(self) -> None:
        try:
            made: Made = await workflow.execute_activity_method(
                CheckpointActivities.make,
                start_to_close_timeout=MAKE_TIMEOUT,
                retry_policy=RETRIES,
                priority=Priority(priority_key=1),
            )
        except ActivityError:
            workflow.logger.error("no checkpoint could be made; the next attempt is in %s", self._every)
            return
        vouching = []
        if made.stamp:
            vouching.append(self._vouched(CheckpointActivities.stamp, made.size))
        if made.witness:
            vouching.append(self._vouched(CheckpointActivities.witness, made.size))
        await asyncio.gather(*vouching)

    async def _vouched(self, by: Callable[[CheckpointActivities, int], Awaitable[None]], size: int) -> None:
        try:
            await workflow.execute_activity_method(
                by,
                size,
                start_to_close_timeout=VOUCH_TIMEOUT,
                retry_policy=ONCE,
            )
        except ActivityError:
            workflow.logger.warning("checkpoint %d: nobody vouched for it", size)
