"""Following up on closed incidents: served with what looks after holds, and begun from the register."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.follow_up import FollowUpActivities, FollowUpPlace
from andon.adapters.clock import utc_now
from andon.domain.follow_up import FollowUp, FollowUpTerms, follow_up_workflow
from andon.ports import Outbox
from workers.compose import Duty
from workflows import queues
from workflows.follow_up import FollowUpWorkflow

WITHIN: Final = timedelta(seconds=5)
SEEN_TO: Final = timedelta(hours=1)
"""So often it is seen to that a follow-up runs: somebody may have ended it."""

log = logging.getLogger(__name__)


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
    await client.start_workflow(
        FollowUpWorkflow.run,
        following,
        id=follow_up_workflow(following.incident),
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=WITHIN,
        static_summary=f"{following.incident}: keeps after its changes",
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
    while not stop.is_set():
        try:
            for following in await asyncio.to_thread(register.to_follow, terms, now() - SEEN_TO):
                await begin(client, following)
                await asyncio.to_thread(register.seen_to, following.incident, now())
        except RPCError as error:
            log.warning("follow-ups could not be begun: %s", error.status)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())
