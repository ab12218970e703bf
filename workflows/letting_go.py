"""Taking orders off their levers, for as long as that takes; whoever waits for it is told why it does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

from activities.release import ReleaseActivities, ReleaseCall, ReleaseOutcome
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from workflows.notices import Notices
from workflows.tape import Tape

RELEASE_TIMEOUT = timedelta(seconds=60)
RELEASE_HEARTBEAT = timedelta(seconds=10)
"""It beats after each order; without it a worker's death would hold the rest back for the whole timeout."""
RELEASE_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=15)
)
PATIENCE = timedelta(seconds=60)
FIRST = Priority(priority_key=1)
STILL_HELD: Final = "still_held"
CALLED_ON: Final = (Role.OPERATIONS,)


async def let_go_of(call: ReleaseCall, tape: Tape, notices: Notices) -> ReleaseOutcome:
    """Let go by an activity that is repeated for as long as a lever is away; say so once it takes long."""
    going = workflow.start_activity_method(
        ReleaseActivities.release,
        call,
        start_to_close_timeout=RELEASE_TIMEOUT,
        heartbeat_timeout=RELEASE_HEARTBEAT,
        retry_policy=RELEASE_RETRIES,
        priority=FIRST,
    )
    try:
        await workflow.wait_condition(going.done, timeout=PATIENCE, timeout_summary="a release that waits")
    except TimeoutError:
        waiting(call, "away", tape, notices)
    except asyncio.CancelledError:
        going.cancel()
        raise
    return await going


def waiting(call: ReleaseCall, problem: str, tape: Tape, notices: Notices, *, done: int = 0) -> None:
    """Put on record which levers still hold though they were to be let go of, and say so."""
    first = call.orders[done]
    tape.add(Kind.STILL_HELD, subject=first.id, facts={"problem": problem})
    still = tuple(f"{order.lever.id}: {problem}" for order in call.orders[done:])
    notices.word(STILL_HELD, f"{first.id}/{problem}", CALLED_ON, still=still)
