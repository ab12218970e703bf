"""Web clients hear of a change as it happens."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from andon.api.authentication import Caller
from andon.config import FlagSettings
from andon.domain.directory import Role
from andon.door.tickets import PERIOD, Tickets
from tests.api.server import bearer, free_socket
from tests.door.conftest import Door, make_settings, opened
from tests.door.test_ofrep import BULK, hold

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def place(door: Door) -> str:
    answer = await door.http.post(BULK, json={"context": {}}, headers=bearer(Role.DETECTOR))
    (stream,) = answer.json()["eventStreams"]
    assert stream["type"] == "sse"
    return str(stream["endpoint"]["requestUri"])


@asynccontextmanager
async def listening(door: Door, at: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    async with door.http.stream("GET", at) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


async def events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_a_stream_tells_at_once_where_things_stand_and_then_each_change(lonely: Door) -> None:
    async with asyncio.timeout(10), listening(lonely, await place(lonely)) as told:
        first = await anext(told)
        assert first["type"] == "refetchEvaluation"
        began = time.monotonic()
        # Put by the register's own code on connections of its own, as a worker or a second door does.
        await asyncio.to_thread(hold, lonely, "refund_desk.allowed")
        second = await anext(told)
        assert second["type"] == "refetchEvaluation"
        assert second["etag"] != first["etag"]
        assert time.monotonic() - began < 1


async def test_an_ai_system_that_is_new_is_a_change_too(lonely: Door) -> None:
    async with asyncio.timeout(10), listening(lonely, await place(lonely)) as told:
        first = await anext(told)
        await lonely.detect(system="newcomer")
        while (second := await anext(told))["etag"].split(".")[1] == first["etag"].split(".")[1]:
            pass
        assert second["etag"] != first["etag"]


@pytest.mark.parametrize("ticket", ["", "?ticket=", "?ticket=e30.00", "?ticket=%ff.%ff", "?ticket=a.b.c"])
async def test_without_a_good_ticket_there_is_no_stream(lonely: Door, ticket: str) -> None:
    answer = await lonely.http.get(f"/ofrep/v1/stream{ticket}", headers=bearer(Role.DETECTOR))
    assert answer.status_code == 401


async def test_a_ticket_opens_nothing_else(lonely: Door) -> None:
    ticket = (await place(lonely)).partition("ticket=")[2]
    answer = await lonely.http.post(BULK, json={}, headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == 401


def test_a_ticket_stays_the_same_for_a_while_and_runs_out() -> None:
    caller = Caller("detector-1", Role.DETECTOR)
    clock = [NOON]
    tickets = Tickets(b"k" * 32, lambda: clock[0])
    first = tickets.issue(caller)
    clock[0] = NOON + PERIOD - timedelta(seconds=1)
    assert tickets.issue(caller) == first
    clock[0] = NOON + PERIOD
    assert tickets.issue(caller) != first
    assert tickets.read(first) is not None
    clock[0] = NOON + 2 * PERIOD
    assert tickets.read(first) is None
    other = Tickets(b"o" * 32, lambda: NOON)
    assert other.read(first) is None


def test_an_altered_ticket_is_none() -> None:
    tickets = Tickets(b"k" * 32, lambda: NOON)
    good = tickets.issue(Caller("detector-1", Role.DETECTOR))
    assert tickets.read(good) is not None
    changed = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(len(good))]
    assert [one for one in changed if tickets.read(one) is not None] == []


async def test_a_door_keeps_so_many_streams_and_then_offers_none(tmp_path: Path, nowhere: str) -> None:
    held = free_socket()
    settings = make_settings(tmp_path, nowhere, held.getsockname()[1], flags=FlagSettings(streams=1))
    async with opened(settings, held) as door, asyncio.timeout(10):
        at = await place(door)
        async with listening(door, at) as told:
            await anext(told)
            bulk = await door.http.post(BULK, json={}, headers=bearer(Role.DETECTOR))
            assert "eventStreams" not in bulk.json()
            refused = await door.http.get(at)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        # Its place is free again as soon as the door has noticed that it is gone.
        while door.app.state.streams.open:
            await asyncio.sleep(0.02)
        bulk = await door.http.post(BULK, json={}, headers=bearer(Role.AUDITOR))
        assert "eventStreams" in bulk.json()


async def test_streams_end_when_the_door_does_and_do_not_hold_it_up(tmp_path: Path, nowhere: str) -> None:
    held = free_socket()
    settings = make_settings(tmp_path, nowhere, held.getsockname()[1])
    async with httpx.AsyncClient(timeout=10, trust_env=False) as outside:
        async with opened(settings, held) as door:
            at = f"{door.url}{await place(door)}"
            request = outside.build_request("GET", at)
            answer = await outside.send(request, stream=True)
            told = events(answer)
            await anext(told)
            began = time.monotonic()
        assert time.monotonic() - began < 4
        assert [one async for one in told] == []
        await answer.aclose()
