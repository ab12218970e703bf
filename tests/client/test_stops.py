"""Every client sees a stop and is told why: without Temporal and console, and over a restart of the door."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.domain.containment import Hold
from andon.domain.directory import Role
from andon.register.engine import open_databases
from andon.register.switches import Switches
from tests.api.server import token
from tests.client.clients import KEY, Asked, all_clients
from tests.door.conftest import Door, make_settings
from tests.door.replicas import Replica

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
SEEN_WITHIN = 5.0
TELLS = {"incident", "reason", "title", "contact", "since", "on_unreachable"}


async def until(client: Asked, value: bool) -> tuple[float, dict[str, object]]:
    """Return the moment at which a client gives a value, and what it says with it."""
    async with asyncio.timeout(30):
        while True:
            look = await client.look(fallback=not value)
            if look.value is value:
                return time.monotonic(), dict(look.metadata)
            await asyncio.sleep(0.005)


def told(name: str, figures: dict[str, float]) -> str:
    shown = ", ".join(f"{client} {seconds * 1000:.0f} ms" for client, seconds in figures.items())
    return f"\n{name}: {shown}"


async def test_each_client_sees_a_stop_and_why_with_temporal_and_the_console_away(
    lonely: Door, node_packages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with all_clients(lonely.url, token(Role.DETECTOR), node_packages) as clients:
        await asyncio.gather(*(until(client, True) for client in clients.values()))
        looking = {name: asyncio.create_task(until(client, False)) for name, client in clients.items()}
        began = time.monotonic()
        answer = await lonely.stop()
        assert answer.status_code == 202
        seen = {name: await task for name, task in looking.items()}
    took = {name: at - began for name, (at, _) in seen.items()}
    with capsys.disabled():
        print(told("from the request to stop until each client denies", took))
    for name, (_, metadata) in seen.items():
        assert set(metadata) >= TELLS, name
        assert metadata["incident"] == answer.json()["incident"]
    assert max(took.values()) < SEEN_WITHIN


def put_hold(switches: Switches) -> float:
    """Stop the system as a worker does, and return when it was done."""
    now = datetime.now(UTC)
    hold = Hold(
        order="INC-20260101-aaaaaa/order/1",
        incident="INC-20260101-aaaaaa",
        lever=KEY,
        limit=0,
        reason="privacy_event",
        contact="business_owner-1",
        since=now,
        expires_at=now + timedelta(days=1),
    )
    switches.put_hold(hold, "INC-20260101-aaaaaa/order/1/apply", None, at=now)
    return time.monotonic()


async def denied(client: Asked, over: asyncio.Event) -> float:
    """Return for how long in all a client was denied, from each denial to its next answer."""
    total, since = 0.0, None
    while not over.is_set():
        look = await client.look(fallback=False)
        now = time.monotonic()
        if since is not None:
            total += now - since
        since = None if look.value is True else now
        await asyncio.sleep(0.01)
    return total


async def test_a_door_that_is_restarted_under_load_is_read_again_by_each_client(
    tmp_path: Path, nowhere: str, node_packages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(tmp_path, nowhere, 1)
    replica = Replica(settings, tmp_path / "door")
    databases = open_databases(settings.databases)
    await replica.start()
    try:
        async with all_clients(replica.url, token(Role.DETECTOR), node_packages) as clients:
            await asyncio.gather(*(until(client, True) for client in clients.values()))
            over = asyncio.Event()
            gaps = {name: asyncio.create_task(denied(client, over)) for name, client in clients.items()}
            replica.kill()
            began = time.monotonic()
            await replica.start()
            away = time.monotonic() - began
            await asyncio.gather(*(until(client, True) for client in clients.values()))
            over.set()
            longest = {name: await task for name, task in gaps.items()}
            # A stop after that reaches each of them, the one in the browser by its stream.
            looking = {name: asyncio.create_task(until(client, False)) for name, client in clients.items()}
            stopped = put_hold(Switches(databases.switches))
            took = {name: (await task)[0] - stopped for name, task in looking.items()}
    finally:
        replica.stop()
        databases.close()
    with capsys.disabled():
        print(f"\nthe door was away for {away * 1000:.0f} ms", end="")
        print(told("denied over its restart", longest), end="")
        print(told("a stop after it", took))
    assert longest["Web"] == 0, "a client that keeps all flags denies nothing meanwhile"
    assert all(longest[name] > 0 for name in longest if name != "Web")
    assert max(took.values()) < SEEN_WITHIN
