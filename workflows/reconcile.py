"""Compare the register with Temporal for ever: whoever can reach Temporal can end or set back an incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.reconciling import ReconcilingActivities
from andon.domain.run_alarm import RECONCILE
from workflows.steadfast import Steadfast

ROUND_TIMEOUT = timedelta(minutes=10)
ROUND_HEARTBEAT = timedelta(seconds=60)
ROUND_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Reconcile")
class ReconcileWorkflow:
    """Nothing that is sent ends it; one that was terminated is begun again by the worker."""

    @workflow.init
    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._steadfast = Steadfast(None, RECONCILE)

    @workflow.run
    async def run(self, every: timedelta) -> None:
        """Compare until the history is long, then go on as a new run."""
        await self._steadfast.through(self._rounds())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(every)

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Refuse any signal."""
        await self._steadfast.refuse(name)

    async def _rounds(self) -> None:
        while workflow.info().get_current_history_length() < EVENTS_PER_RUN:
            try:
                await workflow.execute_activity_method(
                    ReconcilingActivities.compare,
                    start_to_close_timeout=ROUND_TIMEOUT,
                    heartbeat_timeout=ROUND_HEARTBEAT,
                    retry_policy=ROUND_RETRIES,
                    priority=Priority(priority_key=1),
                )
            except ActivityError:
                workflow.logger.warning("a comparison failed; the next is in %s", self._every)
            await workflow.sleep(self._every, summary="before the next comparison")
