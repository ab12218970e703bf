"""Watch an AI system after restart, and tell the incident of a relapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.evaluation import RecordActivities, VersionsCall
from andon.domain.errands import Observation, WatchOrder
from andon.domain.values import NOTHING_YET

PROBE_TIMEOUT = timedelta(seconds=10)
PROBE_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Watch")
class WatchWorkflow:
    """Probe at intervals: does the system still run exactly what was approved?"""

    def __init__(self) -> None:
        self._stopped = False

    @workflow.run
    async def run(self, order: WatchOrder) -> str:
        """Return how the watch ended: `quiet`, `stopped`, or what the relapse was."""
        parent = workflow.get_external_workflow_handle(order.parent)
        while not self._stopped and workflow.now() < order.until:
            saw = await self._probe(order)
            if saw != "as_approved":
                await parent.signal("relapse", Observation(saw=saw))
                return saw
            pause = min(order.every, order.until - workflow.now())
            await self._rest(max(pause, timedelta(seconds=1)))
            if workflow.info().get_current_history_length() > EVENTS_PER_RUN:
                workflow.continue_as_new(order)
        if self._stopped:
            return "stopped"
        await parent.signal("watch_over", Observation(saw="quiet"))
        return "quiet"

    @workflow.signal(dynamic=True)
    def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """End the watch on `stop`: the incident has relapsed by another sign. Whatever else comes is left."""
        # Raw values: an argument that does not fit a typed handler would block the task for good.
        self._stopped = self._stopped or name == "stop"

    async def _rest(self, pause: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self._stopped, timeout=pause)
        except TimeoutError:
            return

    async def _probe(self, order: WatchOrder) -> str:
        if order.versions == NOTHING_YET:
            return "as_approved"
        try:
            running = await workflow.execute_activity_method(
                RecordActivities.read_versions,
                VersionsCall(system=order.system),
                start_to_close_timeout=PROBE_TIMEOUT,
                retry_policy=PROBE_RETRIES,
                priority=Priority(priority_key=2),
            )
        except ActivityError:
            return "versions_unreadable"
        return "as_approved" if running == order.versions else "versions_changed"
