"""Watch an AI system after restart, and tell the incident of a relapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.evaluation import RecordActivities, VersionsCall
from activities.watching import WatchActivities
from andon.domain.errands import Observation, WatchOrder
from andon.domain.values import NOTHING_YET
from andon.domain.watch import Limit, LookCall, Looked, StatedCall, verdict
from workflows import queues
from workflows.steadfast import Steadfast

PROBE_TIMEOUT = timedelta(seconds=10)
PROBE_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
LOOK_TIMEOUT = timedelta(seconds=20)
LOOK_WITHIN = timedelta(seconds=45)
"""With its wait for a worker: a signal that is slow must not hold up the next look at the versions."""
LOOK_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=2)
SIGNALS = "signals"
AS_APPROVED = "as_approved"
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Watch")
class WatchWorkflow:
    """Probe at intervals: does it still run exactly what was approved, and do its signals stay within limits?

    The limits are noted when it begins, and hold to its end. Nothing that is sent ends it. One that was
    terminated is missed by the incident's own clock, and one that outlives its turn says so by its number.
    """

    @workflow.init
    def __init__(self, order: WatchOrder) -> None:
        self._order = order
        self._limits = order.limits
        self._unread = dict(order.unread)
        self._steadfast = Steadfast(order.parent, f"watch/{order.number}")

    @workflow.run
    async def run(self, order: WatchOrder) -> str:
        """Return how the watch ended: `quiet`, or what the relapse was."""
        saw = await self._steadfast.through(self._watched())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if saw is None:
            noted = {"limits": self._limits, "unread": self._unread}
            workflow.continue_as_new(order.model_copy(update=noted))
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
            if saw == AS_APPROVED and workflow.patched(SIGNALS):
                saw = await self._signals(order) or saw
            if saw != AS_APPROVED:
                await self._steadfast.tell("relapse", Observation(saw=saw, watch=order.number))
                return saw
            pause = min(order.every, order.until - workflow.now())
            await workflow.sleep(max(pause, timedelta(seconds=1)))
            if workflow.info().get_current_history_length() > EVENTS_PER_RUN:
                return None
        quiet = Observation(saw="quiet", watch=order.number, unread=self._without_a_number())
        await self._steadfast.tell("watch_over", quiet)
        return "quiet"

    def _without_a_number(self) -> str:
        """Name the signals that nobody could read when it ended: of those it can't say that all was quiet."""
        unread = [name for name, missed in self._unread.items() if missed]
        return ",".join([*unread, *([SIGNALS] if self._limits is None else [])])

    async def _probe(self, order: WatchOrder) -> str:
        if order.versions == NOTHING_YET:
            return AS_APPROVED
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
        return AS_APPROVED if running == order.versions else "versions_changed"

    async def _signals(self, order: WatchOrder) -> str | None:
        """Look at every signal once; return the relapse that it is, if it is one."""
        if self._limits is None:
            self._limits = await self._stated(order)
        limits = self._limits or ()
        call = LookCall(
            incident=order.incident,
            watch=order.number,
            system=order.system,
            limits=limits,
            unread=self._unread,
            versions=AS_APPROVED if order.versions != NOTHING_YET else "",
        )
        return verdict(limits, await self._looked(call), self._unread)

    async def _stated(self, order: WatchOrder) -> tuple[Limit, ...] | None:
        """Note the limits that are stated now; None: it could not be asked, and is asked again."""
        try:
            stated = await workflow.execute_activity_method(
                WatchActivities.stated,
                StatedCall(system=order.system),
                task_queue=queues.EVIDENCE,
                schedule_to_close_timeout=LOOK_WITHIN,
                start_to_close_timeout=PROBE_TIMEOUT,
                retry_policy=PROBE_RETRIES,
                priority=Priority(priority_key=2),
            )
        except ActivityError:
            return None
        return stated.limits

    async def _looked(self, call: LookCall) -> tuple[Looked, ...]:
        """Return what was seen; nothing, if nobody could look: then every signal is without a number."""
        try:
            found = await workflow.execute_activity_method(
                WatchActivities.look,
                call,
                task_queue=queues.EVIDENCE,
                schedule_to_close_timeout=LOOK_WITHIN,
                start_to_close_timeout=LOOK_TIMEOUT,
                retry_policy=LOOK_RETRIES,
                priority=Priority(priority_key=2),
            )
        except ActivityError:
            return ()
        return found.looks
