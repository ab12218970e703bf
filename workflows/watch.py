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
from workflows.steadfast import Steadfast

PROBE_TIMEOUT = timedelta(seconds=10)
PROBE_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Watch")
class WatchWorkflow:
    """Probe at intervals: does the system still run exactly what was approved?

    Nothing that is sent ends it. One that was terminated is missed by the incident's own clock, and one
    that outlives its turn says so by its number.
    """

    @workflow.init
    def __init__(self, order: WatchOrder) -> None:
        self._order = order
        self._steadfast = Steadfast(order.parent, f"watch/{order.number}")

    @workflow.run
    async def run(self, order: WatchOrder) -> str:
        """Return how the watch ended: `quiet`, or what the relapse was."""
        saw = await self._steadfast.through(self._watched())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if saw is None:
            workflow.continue_as_new(order)
        return saw

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Refuse any signal, on the incident's record."""
        # Raw values: an argument that does not fit a typed handler would block the task for good.
        await self._steadfast.refuse(name)

    async def _watched(self) -> str | None:
        """Look until something is seen or the time is up; None: the run has grown too long."""
        order = self._order
        while workflow.now() < order.until:
            saw = await self._probe(order)
            if saw != "as_approved":
                await self._steadfast.tell("relapse", Observation(saw=saw, watch=order.number))
                return saw
            pause = min(order.every, order.until - workflow.now())
            await workflow.sleep(max(pause, timedelta(seconds=1)))
            if workflow.info().get_current_history_length() > EVENTS_PER_RUN:
                return None
        await self._steadfast.tell("watch_over", Observation(saw="quiet", watch=order.number))
        return "quiet"

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
