"""Tell people of one thing, channel by channel and person by person, until somebody has heard it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, FailureError

from activities.people import Begun, Conclusion, PeopleActivities, Round, Telling
from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.notice import (
    UNDELIVERED,
    Notice,
    Target,
    Undelivered,
    Way,
    people_reached,
    targets,
    undeliverable,
)
from workflows import queues

TELL_TIMEOUT = timedelta(seconds=15)
ATTEMPTS = 3
PAUSE = timedelta(seconds=1)
RECORD_TIMEOUT = timedelta(seconds=10)
RECORD_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
PRIORITY = Priority(priority_key=3)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (2, 8, 20, 30, 60, 120))
"""Between the rounds: four hours in all, in which people, channels and networks can be put right."""


@workflow.defn(name="Notice")
class NoticeWorkflow:
    """Send one notice; its id is the message id, so that it is begun once."""

    def __init__(self) -> None:
        self._results: dict[Target, bool] = {}
        self._told_incident = False

    @workflow.run
    async def run(self, notice: Notice) -> int:
        """Return how many people were reached."""
        missing = await self._round(notice)
        for pause in PAUSES:
            if not missing:
                break
            await workflow.sleep(pause)
            missing = await self._round(notice)
        if self._told_incident and not missing:
            await self._conclude(notice, missing)
        return people_reached(self._results)

    async def _round(self, notice: Notice) -> tuple[Role, ...]:
        """Go down every line once, and return the roles for which that was in vain."""
        first = await self._first(notice)
        recipients = first.recipients
        self._results = dict.fromkeys(first.failed, False) | dict.fromkeys(
            self._arrived + first.arrived, True
        )
        again = frozenset(first.again)
        begun: dict[Target, asyncio.Task[None]] = {}
        while True:
            wanted = targets(recipients, self._results)
            for target, way in wanted.items():
                if target not in begun and target not in self._results:
                    begun[target] = asyncio.create_task(self._try(notice, target, way, again=target in again))
            going = {target: task for target, task in begun.items() if not task.done()}
            missing = undeliverable(recipients, self._results)
            if missing and all(_asleep(wanted.get(target)) for target in going):
                await self._alarm(notice, missing)
            if not going:
                return missing
            ended, _ = await workflow.wait(going.values(), return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                await task

    @property
    def _arrived(self) -> tuple[Target, ...]:
        return tuple(target for target, arrived in self._results.items() if arrived)

    async def _first(self, notice: Notice) -> Begun:
        return await workflow.execute_activity_method(
            PeopleActivities.begin,
            Round(notice=notice, arrived=self._arrived),
            start_to_close_timeout=TELL_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            task_queue=queues.NOTICES,
            priority=PRIORITY,
        )

    async def _try(self, notice: Notice, target: Target, way: Way, *, again: bool) -> None:
        if again:
            await workflow.sleep(PAUSE)
        if way.opens_at is not None:
            await workflow.sleep(max(way.opens_at - workflow.now(), timedelta()))
        try:
            await workflow.execute_activity_method(
                PeopleActivities.tell,
                Telling(notice=notice, target=target),
                start_to_close_timeout=TELL_TIMEOUT,
                retry_policy=RetryPolicy(initial_interval=PAUSE, maximum_attempts=ATTEMPTS - again),
                task_queue=queues.NOTICES,
                priority=PRIORITY,
            )
        except ActivityError:
            self._results[target] = False
        else:
            self._results[target] = True

    async def _conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        await workflow.execute_activity_method(
            PeopleActivities.conclude,
            Conclusion(notice=notice, missing=missing),
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            task_queue=queues.NOTICES,
            priority=PRIORITY,
        )

    async def _alarm(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        """Record that nobody can be reached, and tell the incident once; one that has ended hears nothing."""
        await self._conclude(notice, missing)
        if self._told_incident:
            return
        self._told_incident = True
        workflow.logger.warning("notice %s can't be delivered: %s", notice.id, ", ".join(missing))
        incident = workflow.get_external_workflow_handle(workflow_id(notice.incident))
        heard = Undelivered(notice=notice.id, about=notice.about, subject=notice.subject, roles=missing)
        try:
            await incident.signal(UNDELIVERED, heard)
        except FailureError:
            workflow.logger.info("incident %s has ended", notice.incident)


def _asleep(way: Way | None) -> bool:
    """Whether a target waits for quiet hours to end."""
    return way is not None and way.opens_at is not None and way.opens_at > workflow.now()
