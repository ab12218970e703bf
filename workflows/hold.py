"""Look after one kind of lever for ever: every order in force on it, round after round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.holding import HoldingActivities
from andon.domain.holding import HoldDuty, hold_workflow
from workflows.steadfast import Steadfast

ROUND_TIMEOUT = timedelta(minutes=30)
ROUND_HEARTBEAT = timedelta(seconds=60)
ROUND_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
AFTER_FAILURE = timedelta(seconds=30)
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Hold")
class HoldWorkflow:
    """Nothing that is sent ends it; one that was terminated is begun again by the worker."""

    @workflow.init
    def __init__(self, duty: HoldDuty) -> None:
        self._duty = duty
        self._steadfast = Steadfast(None, hold_workflow(duty.adapter))

    @workflow.run
    async def run(self, duty: HoldDuty) -> None:  # noqa: ARG002 - read by __init__
        """Go round until the history is long, then go on as a new run."""
        await self._steadfast.through(self._rounds())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._duty)

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Refuse any signal."""
        await self._steadfast.refuse(name)

    async def _rounds(self) -> None:
        while workflow.info().get_current_history_length() < EVENTS_PER_RUN:
            await workflow.sleep(await self._round(), summary="before the next look")

    async def _round(self) -> timedelta:
        """Look once at everything, and return how long to wait."""
        try:
            seen = await workflow.execute_activity_method(
                HoldingActivities.look,
                self._duty,
                start_to_close_timeout=ROUND_TIMEOUT,
                heartbeat_timeout=ROUND_HEARTBEAT,
                retry_policy=ROUND_RETRIES,
                priority=Priority(priority_key=2),
            )
        except ActivityError:
            workflow.logger.warning("%s: a round of looks failed", self._duty.adapter)
            return AFTER_FAILURE
        self._duty = self._duty.model_copy(update={"deviating": seen.deviating})
        return seen.again_in
