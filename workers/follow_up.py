"""Following up on closed incidents: served with what looks after holds, and begun from the register."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from temporalio.client import Client

from activities.follow_up import FollowUpActivities, FollowUpPlace
from andon.adapters.clock import utc_now
from andon.domain.follow_up import FollowUp, FollowUpTerms, follow_up_workflow
from andon.ports import Outbox
from workers.compose import Duty
from workers.standing import begin_unless_running, keep_running
from workflows import queues
from workflows.follow_up import FollowUpWorkflow

SEEN_TO: Final = timedelta(hours=1)
"""So often it is seen to that a follow-up runs: somebody may have ended it."""


class Following(Protocol):
    """The register's list of what is to be followed up on."""

    def to_follow(self, terms: FollowUpTerms, before: datetime, limit: int = 50) -> list[FollowUp]:
        """Return closed incidents with changes, not followed to the end and not seen to since `before`."""

    def seen_to(self, incident: str, at: datetime) -> None:
        """Note that somebody has seen to it that a follow-up runs."""


def follow_up_duty(place: FollowUpPlace, outbox: Outbox, queue: str = queues.CARE) -> Duty:
    """Follow-ups: months of waiting, and nothing of it urgent."""
    keeping = FollowUpActivities(place, outbox)
    return Duty(queue=queue, workflows=(FollowUpWorkflow,), activities=(keeping.record, keeping.look))


def together(one: Duty, other: Duty) -> Duty:
    """Return what serves both from one queue."""
    return Duty(
        queue=one.queue,
        workflows=(*one.workflows, *other.workflows),
        activities=(*one.activities, *other.activities),
    )


async def begin(client: Client, following: FollowUp, queue: str = queues.CARE) -> None:
    """Begin following up on an incident, unless it runs; one that was ended goes on where it was."""
    await begin_unless_running(
        client,
        FollowUpWorkflow.run,
        following,
        name=follow_up_workflow(following.incident),
        queue=queue,
        summary=f"{following.incident}: keeps after its changes",
    )


async def keep_following(
    client: Client,
    register: Following,
    terms: FollowUpTerms,
    every: timedelta,
    stop: asyncio.Event,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Begin what is to be followed up on, and see to it that it runs; return when told to stop."""

    async def once() -> None:
        for following in await asyncio.to_thread(register.to_follow, terms, now() - SEEN_TO):
            await begin(client, following)
            await asyncio.to_thread(register.seen_to, following.incident, now())

    await keep_running(once, every, stop, what="follow-ups")
