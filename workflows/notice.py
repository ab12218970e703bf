"""Tell people of one thing, and keep at it until they have been reached or it is too late."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.people import PeopleActivities
from andon.domain.notice import Notice

TELL_TIMEOUT = timedelta(seconds=30)
TELL_FOR = timedelta(hours=4)
TELL_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2))


@workflow.defn(name="Notice")
class NoticeWorkflow:
    """Send one notice; its id is the message id, so that it is begun once."""

    @workflow.run
    async def run(self, notice: Notice) -> int:
        """Return how many people were reached."""
        try:
            delivery = await workflow.execute_activity_method(
                PeopleActivities.tell,
                notice,
                start_to_close_timeout=TELL_TIMEOUT,
                schedule_to_close_timeout=TELL_FOR,
                retry_policy=TELL_RETRIES,
                priority=Priority(priority_key=3),
            )
        except ActivityError:
            workflow.logger.exception("notice %s reached nobody", notice.id)
            return 0
        return len(delivery.reached)
