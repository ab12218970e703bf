"""One worker process: connect, check what it stands on, serve a queue until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from andon.adapters.store.s3 import S3EvidenceStore
from andon.bootstrap import Runtime, open_runtime
from andon.bootstrap.custodian import custodian_of
from andon.bootstrap.follow_up import Following, following_of
from andon.bootstrap.record import Record, record_of
from andon.config import Settings
from andon.domain.errors import InvalidInputError
from andon.register.checkpoints import CheckpointLog
from workers.build import build_id
from workers.care import care_duty, keep_begun
from workers.compose import QUEUES, duties_of, worker_for
from workers.custody import custody_duty, keep_going_round
from workers.follow_up import follow_up_duty, keep_following, together
from workers.log_care import LogCare, keep_log_watched
from workers.outbox import TemporalOutbox
from workers.record import keep_signing, record_duty
from workers.wedged import end_when_wedged, spare_the_collector
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


async def _serve(settings: Settings, queue: str, ready_file: Path | None) -> None:
    client = await connect(settings)
    await _require_search_attributes(client)
    runtime = open_runtime(settings)
    duties = duties_of(queue, runtime, client)
    every = settings.care.every
    following: Following | None = None
    if queue == queues.RESPONSE:
        following = following_of(settings, runtime.queries.databases.register, runtime.store)
        followed = follow_up_duty(following.place, TemporalOutbox(client))
        duties = (*duties, together(care_duty(runtime, client, every), followed))
    if queue == queues.CUSTODY:
        duties = (custody_duty(custodian_of(settings, runtime.queries, runtime.store)),)
    record: Record | None = None
    if queue == queues.EVIDENCE:
        await runtime.prove_store()
        record = _record(settings, runtime)
        duties = (*duties, record_duty(record, client))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as workers:
        for duty in duties:
            await workers.enter_async_context(worker_for(client, duty))
        log.info("serving queue %s", queue)
        spare_the_collector()
        if ready_file is not None:
            await asyncio.to_thread(_announce, ready_file)
        if following is not None:
            await asyncio.gather(
                keep_begun(client, runtime.queries.systems.systems, every, stop),
                keep_following(client, following.register, following.terms, every, stop),
                keep_log_watched(_log_care(settings, runtime, client), every, stop),
            )
        await _keep_begun(settings, client, record, queue=queue, stop=stop)
        await stop.wait()
    log.info("stopped serving queue %s", queue)


async def _keep_begun(
    settings: Settings, client: Client, record: Record | None, *, queue: str, stop: asyncio.Event
) -> None:
    """Begin the workflows that go on for ever and are this queue's, until told to stop."""
    if queue == queues.CUSTODY:
        await keep_going_round(client, settings.custody.every, stop)
    if record is not None:
        await keep_signing(client, record, stop)


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
