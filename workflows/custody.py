"""See to the custody of all evidence for ever: holds, erasures, and what has had its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.custody import CustodyActivities
from andon.domain.custodian import CUSTODY, CustodyRound
from workflows.steadfast import Steadfast

ROUND_TIMEOUT = timedelta(hours=25)
ROUND_HEARTBEAT = timedelta(minutes=1)
ROUND_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
AFTER_FAILURE = timedelta(seconds=30)
EVENTS_PER_RUN = 2_000


@workflow.defn(name="Custody")
class CustodyWorkflow:
    """Nothing that is sent ends it; one that was terminated is begun again by the worker."""

    @workflow.init
    def __init__(self, call: CustodyRound) -> None:
        self._call = call
        self._steadfast = Steadfast(None, CUSTODY)

    @workflow.run
    async def run(self, call: CustodyRound) -> None:  # noqa: ARG002 - read by __init__
        """Go round until the history is long, then go on as a new run."""
        await self._steadfast.through(self._rounds())
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._call)

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - none is wanted
        """Refuse any signal."""
        await self._steadfast.refuse(name)

    async def _rounds(self) -> None:
        while workflow.info().get_current_history_length() < EVENTS_PER_RUN:
            try:
                await workflow.execute_activity_method(
                    CustodyActivities.go_round,
                    self._call,
                    start_to_close_timeout=ROUND_TIMEOUT,
                    heartbeat_timeout=ROUND_HEARTBEAT,
                    retry_policy=ROUND_RETRIES,
                )
            except ActivityError:
                workflow.logger.warning("a round of custody failed")
                await workflow.sleep(AFTER_FAILURE, summary="before the next round")
