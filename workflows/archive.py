"""Archive the histories of one incident at its milestones and after its close; it outlives the incident."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.archive import ArchiveActivities
from andon.domain.archive import MILESTONE, ArchiveCall, Milestone
from andon.domain.ledger import Kind
from andon.domain.values import IncidentId

EXPORT_TIMEOUT = timedelta(minutes=10)
EXPORT_HEARTBEAT = timedelta(seconds=60)
RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


@workflow.defn(name="Archive")
class ArchiveWorkflow:
    """Begun by the first milestone; it ends when the closed incident is archived."""

    @workflow.init
    def __init__(self, incident: IncidentId) -> None:
        self._incident = incident
        self._waiting: list[Milestone] = []

    @workflow.run
    async def run(self, incident: IncidentId) -> int:  # noqa: ARG002 - read by __init__
        """Archive at each milestone, and return how many there were."""
        archived = 0
        while True:
            await workflow.wait_condition(lambda: bool(self._waiting))
            milestone = self._waiting.pop(0)
            archived += await self._archived(milestone)
            if milestone.kind == Kind.CLOSED and not self._waiting:
                return archived

    @workflow.signal(name=MILESTONE)
    async def reached(self, milestone: Milestone) -> None:
        """Take note of a milestone; of those that wait only one of a kind and place counts."""
        if milestone not in self._waiting:
            self._waiting.append(milestone)

    async def _archived(self, milestone: Milestone) -> int:
        try:
            await workflow.execute_activity_method(
                ArchiveActivities.export,
                ArchiveCall(incident=self._incident, milestone=milestone),
                start_to_close_timeout=EXPORT_TIMEOUT,
                heartbeat_timeout=EXPORT_HEARTBEAT,
                retry_policy=RETRIES,
                priority=Priority(priority_key=4),
            )
        except ActivityError:
            workflow.logger.error("%s: not archived at %s", self._incident, milestone.kind)
            return 0
        return 1
