"""What the slider costs, and what it costs others: `python -m tests.bench.slider`.

A console, its workers and whoever asks share this process, so that all figures are an upper bound. The
replay runs apart, as it does in production; beside it stands what an answer took with the replay in a
thread of the console's own process.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.audit.moments import relive
from andon.audit.replay import histories, replayer_of
from andon.console.app import create_app
from andon.console.reliver import Reliver
from andon.console.reliving import Reliving
from andon.domain.directory import Role
from tests.api.server import running
from tests.console.conftest import ATTRIBUTES
from tests.console.desk import Caller, Office, open_office, opened, serving

SIZES: Final = (245, 2_000)
ANSWERS: Final = 40
READS: Final = 20
SPEAKERS: Final = tuple(role for role in Role if role not in {Role.DETECTOR, Role.REPORTER, Role.AUDITOR})
REFUSED_EACH: Final = 20
"""Refused answers of one person to one question that get an entry each."""


async def grown(office: Office, http: httpx.AsyncClient, client: Client, events: int) -> str:
    """Return an incident whose history has so many events: answers that don't count make entries too."""
    incident = await opened(office, client)
    handle = client.get_workflow_handle(f"incident/{incident}")
    for question in ("triage-1", "legal_review-1"):
        for role in SPEAKERS:
            for _ in range(REFUSED_EACH):
                if (await handle.describe()).history_length >= events:
                    return incident
                await Caller(http, role).answer(incident, question, "no_such_option")
    return incident


async def timed(what: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds that something took."""
    began = time.perf_counter()
    await what()
    return time.perf_counter() - began


async def answers(http: httpx.AsyncClient, incident: str, role: Role) -> list[float]:
    """Return the seconds that each of some answers took."""
    caller = Caller(http, role)
    return [
        await timed(lambda: caller.answer(incident, "triage-1", "no_such_option")) for _ in range(ANSWERS)
    ]


@asynccontextmanager
async def meanwhile(what: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Do something over and over while the block runs."""

    async def forever() -> None:
        while True:
            await what()

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def say(what: str, seconds: list[float]) -> None:
    """Print a line: the median, and the worst of twenty."""
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(
        f"{what:66} p50 {statistics.median(ordered) * 1000:8.0f} ms   p95 {worst * 1000:8.0f} ms", flush=True
    )


async def measure(office: Office, http: httpx.AsyncClient, client: Client, events: int) -> None:
    """Print what moments of one size take, and what answers take meanwhile."""
    incident = await grown(office, http, client, events)
    length = (await client.get_workflow_handle(f"incident/{incident}").describe()).history_length
    apart, reader = Reliver(), Caller(http, Role.AUDITOR)

    async def replay() -> int:
        return len((await Reliving(office.parts, apart).line(incident)).moments)

    cold = await timed(replay)
    warm = [await timed(replay) for _ in range(5)]
    found = await replay()
    say(f"{length} events, {found} moments: first moment, the process is started", [cold])
    say(f"{length} events: first moment of a new end of the ledger", warm)
    await reader.get(f"/v1/incidents/{incident}/moments")
    path = f"/v1/incidents/{incident}/moments"
    say(
        f"{length} events: each next moment",
        [await timed(lambda: reader.get(path, at="0")) for _ in range(READS)],
    )
    other = await opened(office, client)
    say("an answer, nothing replayed", await answers(http, other, Role.PRIVACY))
    async with meanwhile(replay):
        say("an answer, replays apart all the time", await answers(http, other, Role.FINANCE))

    address = str(client.service_client.config.target_host)
    runs = [one async for one in histories(address, incident, "default")]

    async def here() -> None:
        await asyncio.to_thread(lambda: asyncio.run(relive(runs, "default")))

    await here()
    async with meanwhile(here):
        say("an answer, replays in a thread of the console", await answers(http, other, Role.LEGAL))
    apart.close()


async def main(sizes: tuple[int, ...]) -> None:
    """Measure each size."""
    replayer_of()
    with tempfile.TemporaryDirectory() as folder:
        async with await WorkflowEnvironment.start_local(
            data_converter=pydantic_data_converter,
            dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
            dev_server_log_level="error",
            search_attributes=ATTRIBUTES,
        ) as environment:
            client = environment.client
            office = open_office(Path(folder), str(client.service_client.config.target_host))
            app = create_app(office.parts)
            async with (
                serving(client, office.behind),
                running(app) as url,
                httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
            ):
                for size in sizes:
                    await measure(office, http, client, size)
            app.state.reliving.close()
            office.queries.databases.close()


if __name__ == "__main__":
    asyncio.run(main(tuple(map(int, sys.argv[1:])) or SIZES))
