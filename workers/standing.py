"""Workflows that are to run always: begun where they do not run, and begun anew when somebody ended them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

WITHIN: Final = timedelta(seconds=5)

T = TypeVar("T")

log = logging.getLogger(__name__)


async def begin_unless_running(
    client: Client, run: Callable[[Any, T], Awaitable[Any]], given: T, *, name: str, queue: str, summary: str
) -> None:
    """Begin a workflow; one that runs under the name goes on undisturbed."""
    await client.start_workflow(
        run,
        given,
        id=name,
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=WITHIN,
        static_summary=summary,
    )


async def keep_running(
    begin: Callable[[], Awaitable[None]], every: timedelta, stop: asyncio.Event, *, what: str
) -> None:
    """Begin it now and again after each pause, whether or not Temporal answers; return when told to stop."""
    while not stop.is_set():
        try:
            await begin()
        except RPCError as error:
            log.warning("%s could not be begun: %s", what, error.status)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())
