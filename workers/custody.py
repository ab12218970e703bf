"""The queue of custody: the one worker that may hold, lock for longer and delete."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from temporalio.client import Client

from activities.custody import CustodyActivities, CustodyKeeper
from andon.domain.custodian import CUSTODY, CustodyRound
from workers.compose import Duty
from workers.standing import begin_unless_running, keep_running
from workflows import queues
from workflows.custody import CustodyWorkflow

BEGUN_ANEW: Final = timedelta(minutes=1)


def custody_duty(keeper: CustodyKeeper, queue: str = queues.CUSTODY) -> Duty:
    """Holds, erasures, and what has had its time."""
    return Duty(queue=queue, workflows=(CustodyWorkflow,), activities=(CustodyActivities(keeper).go_round,))


async def begin(client: Client, every: timedelta, queue: str = queues.CUSTODY) -> None:
    """Begin the workflow that goes round, unless it runs."""
    await begin_unless_running(
        client,
        CustodyWorkflow.run,
        CustodyRound(every=every),
        name=CUSTODY,
        queue=queue,
        summary="holds, erases, and ends what has had its time",
    )


async def keep_going_round(client: Client, every: timedelta, stop: asyncio.Event) -> None:
    """Begin it now, and again whenever somebody has ended it; return when told to stop."""
    await keep_running(lambda: begin(client, every), BEGUN_ANEW, stop, what="what goes round for custody")
