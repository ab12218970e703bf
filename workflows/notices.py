"""Telling people: each notice is an activity of its own, retried by itself, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.people import PeopleActivities
from andon.domain.decision import DecisionRequest
from andon.domain.directory import Role
from andon.domain.values import IncidentId
from andon.ports import Notice

TELL_TIMEOUT = timedelta(seconds=30)
TELL_FOR = timedelta(hours=4)
TELL_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2))
LAST_WORDS = timedelta(seconds=30)


class Notices:
    """Sends notices side by side with the loop."""

    def __init__(self, incident: IncidentId) -> None:
        self._incident = incident
        self._sending: set[asyncio.Task[None]] = set()

    def question(self, request: DecisionRequest) -> None:
        """Tell those who may answer that they are asked."""
        roles = tuple(sorted(request.roles_at(request.opened_at)))
        self.send(
            Notice(
                id=f"{self._incident}/{request.id}/question",
                incident=self._incident,
                roles=roles,
                about="question",
                decision=request.kind,
                subject=request.id,
                due=request.deadline,
            )
        )

    def escalation(self, request: DecisionRequest, rung: int, role: Role) -> None:
        """Tell the next authority on the ladder that nobody has answered."""
        self.send(
            Notice(
                id=f"{self._incident}/{request.id}/rung/{rung}",
                incident=self._incident,
                roles=(role,),
                about="escalation",
                decision=request.kind,
                subject=request.id,
                due=request.deadline,
            )
        )

    def word(self, about: str, subject: str, roles: Sequence[Role]) -> None:
        """Tell roles of something that is no question."""
        self.send(
            Notice(
                id=f"{self._incident}/{about}/{subject}",
                incident=self._incident,
                roles=tuple(roles),
                about=about,
                subject=subject,
            )
        )

    def send(self, notice: Notice) -> None:
        """Send one notice; its delivery is recorded where it is made."""
        task = asyncio.create_task(self._tell(notice))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def settled(self) -> None:
        """Give notices under way a bounded time to go out."""
        try:
            await workflow.wait_condition(lambda: not self._sending, timeout=LAST_WORDS)
        except TimeoutError:
            workflow.logger.warning("notices still under way: %d", len(self._sending))

    async def _tell(self, notice: Notice) -> None:
        try:
            await workflow.execute_activity_method(
                PeopleActivities.tell,
                notice,
                start_to_close_timeout=TELL_TIMEOUT,
                schedule_to_close_timeout=TELL_FOR,
                retry_policy=TELL_RETRIES,
                priority=Priority(priority_key=3),
            )
        except ActivityError:
            workflow.logger.exception("notice %s could not be sent", notice.id)
