"""Tell people of a thing, channel by channel and person by person, until somebody has heard it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, FailureError

from activities.people import Begun, Conclusion, PeopleActivities, Round, Rounds, Telling
from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.notice import (
    UNDELIVERED,
    Notice,
    Posting,
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
    """Send one notice, or several that leave together; its id is made of theirs, so that it is begun once."""

    @workflow.run
    async def run(self, posted: Notice | Posting) -> int:
        """Return how many people were reached."""
        notices = (posted,) if isinstance(posted, Notice) else posted.notices
        begun = await _begun_together(notices)
        errands = [_Errand(notice) for notice in notices]
        await asyncio.gather(*(one.run(first) for one, first in zip(errands, begun, strict=True)))
        return people_reached(*(one.results for one in errands))


async def _begun_together(notices: Sequence[Notice]) -> Sequence[Begun | None]:
    """Begin the first round of all in one step; none of those that are to be begun by themselves."""
    if len(notices) == 1:
        return (None,)
    beginnings = await workflow.execute_activity_method(
        PeopleActivities.begin_together,
        Rounds(rounds=tuple(Round(notice=notice) for notice in notices)),
        # Time for all one after the other: if servers are slow, a repeat would find them as slow.
        start_to_close_timeout=TELL_TIMEOUT * len(notices),
        heartbeat_timeout=TELL_TIMEOUT,
        retry_policy=RECORD_RETRIES,
        task_queue=queues.NOTICES,
        priority=PRIORITY,
    )
    return beginnings.begun


class _Errand:
    """One notice on its way."""

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._told_incident = False
        self.results: dict[Target, bool] = {}

    async def run(self, first: Begun | None) -> None:
        """Go round after round until each role has heard; `first` is what was begun of it already."""
        missing = await self._round(first or await self._begin())
        for pause in PAUSES:
            if not missing:
                break
            await workflow.sleep(pause)
            missing = await self._round(await self._begin())
        if self._told_incident and not missing:
            await self._conclude(missing)

    async def _round(self, first: Begun) -> tuple[Role, ...]:
        """Go down every line once, and return the roles for which that was in vain."""
        recipients = first.recipients
        self.results = dict.fromkeys(first.failed, False) | dict.fromkeys(self._arrived + first.arrived, True)
        again = frozenset(first.again)
        begun: dict[Target, asyncio.Task[None]] = {}
        while True:
            wanted = targets(recipients, self.results)
            for target, way in wanted.items():
                if target not in begun and target not in self.results:
                    begun[target] = asyncio.create_task(self._try(target, way, again=target in again))
            going = {target: task for target, task in begun.items() if not task.done()}
            missing = undeliverable(recipients, self.results)
            if missing and all(_asleep(wanted.get(target)) for target in going):
                await self._alarm(missing)
            if not going:
                return missing
            ended, _ = await workflow.wait(going.values(), return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                await task

    @property
    def _arrived(self) -> tuple[Target, ...]:
        return tuple(target for target, arrived in self.results.items() if arrived)

    async def _begin(self) -> Begun:
        return await workflow.execute_activity_method(
            PeopleActivities.begin,
            Round(notice=self._notice, arrived=self._arrived),
            start_to_close_timeout=TELL_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            task_queue=queues.NOTICES,
            priority=PRIORITY,
        )

    async def _try(self, target: Target, way: Way, *, again: bool) -> None:
        if again:
            await workflow.sleep(PAUSE)
        if way.opens_at is not None:
            await workflow.sleep(max(way.opens_at - workflow.now(), timedelta()))
        try:
            await workflow.execute_activity_method(
                PeopleActivities.tell,
                Telling(notice=self._notice, target=target),
                start_to_close_timeout=TELL_TIMEOUT,
                retry_policy=RetryPolicy(initial_interval=PAUSE, maximum_attempts=ATTEMPTS - again),
                task_queue=queues.NOTICES,
                priority=PRIORITY,
            )
        except ActivityError:
            self.results[target] = False
        else:
            self.results[target] = True

    async def _conclude(self, missing: tuple[Role, ...]) -> None:
        await workflow.execute_activity_method(
            PeopleActivities.conclude,
            Conclusion(notice=self._notice, missing=missing),
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            task_queue=queues.NOTICES,
            priority=PRIORITY,
        )

    async def _alarm(self, missing: tuple[Role, ...]) -> None:
        """Record that nobody can be reached, and tell the incident once; one that has ended hears nothing."""
        await self._conclude(missing)
        if self._told_incident:
            return
        self._told_incident = True
        notice = self._notice
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
