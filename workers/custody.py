"""The queue of custody: the one worker that may hold, lock for longer and delete."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.custody import CustodyActivities, CustodyKeeper
from andon.domain.custodian import CUSTODY, CustodyRound
from workers.compose import Duty
from workflows import queues
from workflows.custody import CustodyWorkflow

WITHIN: Final = timedelta(seconds=5)
BEGUN_ANEW: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


def custody_duty(keeper: CustodyKeeper, queue: str = queues.CUSTODY) -> Duty:
    """Holds, erasures, and what has had its time."""
    return Duty(queue=queue, workflows=(CustodyWorkflow,), activities=(CustodyActivities(keeper).go_round,))


async def begin(client: Client, every: timedelta, queue: str = queues.CUSTODY) -> None:
    """Begin the workflow that goes round, unless it runs."""
    await client.start_workflow(
        CustodyWorkflow.run,
        CustodyRound(every=every),
        id=CUSTODY,
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=WITHIN,
        static_summary="holds, erases, and ends what has had its time",
    )


async def keep_going_round(client: Client, every: timedelta, stop: asyncio.Event) -> None:
    """Begin it now, and again whenever somebody has ended it; return when told to stop."""
    while not stop.is_set():
        try:
            await begin(client, every)
        except RPCError as error:
            log.warning("what goes round for custody could not be begun: %s", error.status)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), BEGUN_ANEW.total_seconds())
