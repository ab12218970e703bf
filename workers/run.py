"""One worker process: connect, check what it stands on, serve a queue until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from andon.adapters.store.s3 import S3EvidenceStore
from andon.bootstrap import Runtime, open_runtime
from andon.bootstrap.custodian import custodian_of
from andon.bootstrap.follow_up import following_of
from andon.bootstrap.record import Record, record_of
from andon.config import Settings
from andon.domain.errors import InvalidInputError
from andon.register.checkpoints import CheckpointLog
from workers.build import build_id
from workers.care import care_duty, keep_begun
from workers.collecting import WorkflowThreads, keep_collecting, spare_the_collector
from workers.compose import QUEUES, WORKFLOW_TASKS, Duty, duties_of, worker_for
from workers.custody import custody_duty, keep_going_round
from workers.follow_up import follow_up_duty, keep_following, together
from workers.log_care import LogCare, keep_log_watched
from workers.outbox import TemporalOutbox
from workers.record import keep_signing, record_duty
from workers.wedged import end_when_wedged
from workflows import queues, search_attributes

log = logging.getLogger(__name__)

CONNECT_ATTEMPTS = 60
CONNECT_PAUSE_SECONDS = 0.5


def run_worker(settings: Settings, queue: str, ready_file: Path | None) -> None:
    """Serve `queue` until SIGTERM or SIGINT; write `ready_file` once it polls.

    Raises:
        InvalidInputError: no such queue, or the namespace lacks the search attributes.
        RuntimeError: Temporal can't be reached.
    """
    if queue not in QUEUES:
        raise InvalidInputError(f"queue {queue!r} is not known; use one of: {', '.join(QUEUES)}")
    end_when_wedged()
    asyncio.run(_serve(settings, queue, ready_file))


async def connect(settings: Settings) -> Client:
    """Connect to Temporal, waiting a bounded time for it to come up.

    Raises:
        RuntimeError: it did not.
    """
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            return await Client.connect(
                settings.temporal.address,
                namespace=settings.temporal.namespace,
                data_converter=pydantic_data_converter,
            )
        except (RPCError, RuntimeError):
            log.info("Temporal at %s does not answer (attempt %d)", settings.temporal.address, attempt + 1)
            await asyncio.sleep(CONNECT_PAUSE_SECONDS)
    raise RuntimeError(f"Temporal at {settings.temporal.address} can't be reached")


@dataclass(frozen=True)
class _Work:
    """What a worker serves, and what it keeps going beside that until told to stop."""

    duties: tuple[Duty, ...]
    going: tuple[Callable[[asyncio.Event], Awaitable[None]], ...] = ()


async def _serve(settings: Settings, queue: str, ready_file: Path | None) -> None:
    client = await connect(settings)
    await _require_search_attributes(client)
    work = await _work_of(settings, queue, client)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as workers:
        threads = workers.enter_context(WorkflowThreads(WORKFLOW_TASKS * len(work.duties)))
        for duty in work.duties:
            await workers.enter_async_context(worker_for(client, duty, threads))
        log.info("serving queue %s", queue)
        spare_the_collector()
        if ready_file is not None:
            await asyncio.to_thread(_announce, ready_file)
        await asyncio.gather(keep_collecting(threads, stop), *(keep(stop) for keep in work.going))
    log.info("stopped serving queue %s", queue)


async def _work_of(settings: Settings, queue: str, client: Client) -> _Work:
    runtime = open_runtime(settings)
    duties = duties_of(queue, runtime, client)
    match queue:
        case queues.RESPONSE:
            return _responding(settings, runtime, client, duties)
        case queues.EVIDENCE:
            await runtime.prove_store()
            record = _record(settings, runtime)
            return _Work((*duties, record_duty(record, client)), (partial(keep_signing, client, record),))
        case queues.CUSTODY:
            duty = custody_duty(custodian_of(settings, runtime.queries, runtime.store))
            return _Work((duty,), (partial(keep_going_round, client, settings.custody.every),))
    return _Work(duties)


def _responding(settings: Settings, runtime: Runtime, client: Client, duties: tuple[Duty, ...]) -> _Work:
    """Return what responds, with what looks after holds and closed incidents."""
    every = settings.care.every
    following = following_of(settings, runtime.queries.databases.register, runtime.store)
    followed = follow_up_duty(following.place, TemporalOutbox(client))
    return _Work(
        (*duties, together(care_duty(runtime, client, every), followed)),
        (
            partial(keep_begun, client, runtime.queries.systems.systems, every),
            partial(keep_following, client, following.register, following.terms, every),
            partial(keep_log_watched, _log_care(settings, runtime, client), every),
        ),
    )


def _log_care(settings: Settings, runtime: Runtime, client: Client) -> LogCare:
    """Return who looks after the log: a process that has no key to sign it with."""
    queries = runtime.queries
    checkpoints = CheckpointLog(queries.databases.register)
    return LogCare(checkpoints, queries.alarms, TemporalOutbox(client), settings.checkpoints.overdue)


def _record(settings: Settings, runtime: Runtime) -> Record:
    """Return the log and the archive: beside the worker of evidence, away from the one with the levers."""
    return record_of(settings, runtime.queries.databases.register, S3EvidenceStore(settings.store), build_id)


async def _require_search_attributes(client: Client) -> None:
    """Refuse to start without them: an unregistered one blocks a workflow for ever."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [name for name in search_attributes.NAMES if name not in known.custom_attributes]
    if missing:
        raise InvalidInputError(
            f"namespace {client.namespace!r} lacks search attributes: {', '.join(missing)}; "
            "`andon up` creates them, or `temporal operator search-attribute create`"
        )


def _announce(ready_file: Path) -> None:
    waiting = ready_file.with_suffix(".tmp")
    waiting.write_text(str(os.getpid()))
    waiting.replace(ready_file)
