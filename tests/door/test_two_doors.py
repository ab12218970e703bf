"""Two doors on the same databases: each takes detections and serves flags, and either may die."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient

from andon.client import AndonProvider
from andon.config import ListenSettings, Settings
from andon.domain.directory import Role
from andon.register.detections import Detections
from andon.register.engine import open_databases
from andon.register.storms import Storms
from tests.api.server import bearer, free_socket, token
from tests.door.conftest import Door, make_settings, opened
from tests.door.replicas import Replica
from tests.door.test_detections import HARM
from tests.door.test_storms import rows

REPORTS = 72
KEY = "refund_desk.allowed"


@asynccontextmanager
async def second(first: Door) -> AsyncIterator[Door]:
    """Open another door on the first one's databases, in this process."""
    held = free_socket()
    port = held.getsockname()[1]
    settings = first.settings.model_copy(
        update={
            "door": ListenSettings(port=port, url=f"http://127.0.0.1:{port}"),
            "intake": first.settings.intake.model_copy(update={"spool": first.settings.data_dir / "other"}),
        }
    )
    async with opened(settings, held) as door:
        yield door


async def test_two_doors_with_a_spool_each_serve_one_installation(lonely: Door) -> None:
    async with second(lonely) as other:
        first = await lonely.detect(dedupe_key="k", facts=HARM)
        again = await other.detect(dedupe_key="k", facts=HARM)
        assert again.json()["incident"] == first.json()["incident"]
        assert again.json()["outcome"] == "joined"
        for door in (lonely, other):
            assert (await door.flag(KEY)).json()["metadata"]["incident"] == first.json()["incident"]


async def test_a_report_sent_again_at_the_other_door_counts_once(lonely: Door) -> None:
    async with second(lonely) as other:
        report = {"system": "refund_desk", "channel": "monitoring", "title": "Once", "facts": HARM}
        for turn in range(10):
            key = {**bearer(Role.DETECTOR), "Idempotency-Key": f"the-same-call-{turn}"}
            sent = [door.http.post("/v1/detections", json=report, headers=key) for door in (lonely, other)]
            answers = [(await one).json() for one in asyncio.as_completed(sent)]
            assert len({one["receipt"] for one in answers}) == 1
            assert len({one["incident"] for one in answers}) == 1
            assert len({one.incident for one in lonely.switches.holds()}) == turn + 1
        assert len(rows(lonely)) == 10


async def test_a_storm_that_both_doors_see_is_one_storm(lonely: Door) -> None:
    systems = [f"bot_{number}" for number in range(12)]
    async with second(lonely) as other:
        doors = itertools.cycle((lonely, other))
        await asyncio.gather(
            *(
                next(doors).detect(system=one, dedupe_key=f"{one}-{turn}", facts=HARM)
                for turn in range(3)
                for one in systems
            )
        )
        found = Counter(row.system for row in rows(lonely))
        assert found["unknown"] == 1
        assert set(found) == {*systems, "unknown"}


async def test_a_storm_of_which_each_door_sees_a_part_is_recognised(lonely: Door) -> None:
    async with second(lonely) as other:
        for number in range(3):
            await lonely.detect(system=f"left_{number}", dedupe_key="x", facts=HARM)
            await other.detect(system=f"right_{number}", dedupe_key="x", facts=HARM)
        async with asyncio.timeout(10):
            while (storm := Storms(lonely.databases.register).newest()) is None:
                await asyncio.sleep(0.05)
        members = Storms(lonely.databases.register).members(storm.incident)
        assert set(members) == {f"{side}_{number}" for side in ("left", "right") for number in range(3)}
        late = await other.detect(system="left_0", dedupe_key="another", facts=HARM)
        assert late.json()["incident"] == members["left_0"]


async def test_a_stream_of_one_door_tells_what_the_other_did(lonely: Door) -> None:
    async with second(lonely) as other, asyncio.timeout(10):
        bulk = await other.http.post("/ofrep/v1/evaluate/flags", json={}, headers=bearer(Role.DETECTOR))
        (stream,) = bulk.json()["eventStreams"]
        # A ticket made by one door is good at the other.
        async with lonely.http.stream("GET", stream["endpoint"]["requestUri"]) as answer:
            told = (line async for line in answer.aiter_lines() if line.startswith("data:"))
            before = await anext(told)
            began = time.monotonic()
            assert (await other.stop()).status_code == 202
            assert await anext(told) != before
            assert time.monotonic() - began < 2


@dataclass
class Watch:
    """Reads one flag all the time, as an application does; remembers the longest time without an answer."""

    client: OpenFeatureClient
    looks: int = 0
    away: Counter[object] = field(default_factory=Counter)
    gap: float = 0.0
    values: Counter[object] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.005):
            details = self.client.get_boolean_details(KEY, False)
            self.looks += 1
            if details.variant in ("normal", "held"):
                now = time.monotonic()
                self.gap, last = max(self.gap, now - last), now
                self.values[details.value] += 1
            else:
                self.away[details.flag_metadata["unreachable"]] += 1

    def end(self) -> None:
        self._over.set()


@pytest.fixture
async def pair(tmp_path: Path, nowhere: str) -> AsyncIterator[tuple[Settings, Replica, Replica]]:
    settings = make_settings(tmp_path, nowhere, 1)
    doors = [Replica(settings, tmp_path / name) for name in ("door-a", "door-b")]
    try:
        for one in doors:
            await one.start()
        yield settings, doors[0], doors[1]
    finally:
        for one in doors:
            one.stop()


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_one_door_is_killed_under_load_and_nothing_is_lost(
    pair: tuple[Settings, Replica, Replica], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, left, right = pair
    provider = AndonProvider([left.url, right.url], token=token(Role.DETECTOR), timeout=5)
    api.set_provider(provider, "two-doors")
    watch = Watch(api.get_client("two-doors"))
    watching = asyncio.create_task(asyncio.to_thread(watch.run))
    receipts = await _under_load(left, right)
    watch.end()
    await watching
    provider.shutdown()
    lost = await _lost(settings, receipts)
    with capsys.disabled():
        print(
            f"\ntwo doors, one killed: {len(receipts)} acknowledged, {len(lost)} lost; {watch.looks} looks "
            f"at a flag, {dict(watch.away) or 0} without an answer, longest gap {watch.gap * 1000:.0f} ms"
        )
    assert len(receipts) == REPORTS
    assert lost == []
    assert not watch.away
    assert watch.gap < 10


async def _under_load(left: Replica, right: Replica) -> set[str]:
    """Send reports to both doors; one is killed after a third and comes back after two thirds."""
    receipts: set[str] = set()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:

        async def send(number: int) -> None:
            body = {"system": f"bot_{number % 30}", "channel": "monitoring", "title": f"Alert {number}"}
            headers = {**bearer(Role.DETECTOR), "Idempotency-Key": f"report-{number}"}
            for door in itertools.cycle((left, right) if number % 2 else (right, left)):
                try:
                    answer = await http.post(f"{door.url}/v1/detections", json=body, headers=headers)
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
                    continue
                if answer.status_code == 202:
                    receipts.add(answer.json()["receipt"])
                    return

        async with asyncio.timeout(200):
            for start in range(0, REPORTS, 8):
                if start == REPORTS // 3:
                    asyncio.get_running_loop().call_later(0.02, left.kill)
                if start == 2 * REPORTS // 3:
                    await left.start()
                await asyncio.gather(*(send(number) for number in range(start, start + 8)))
    return receipts


async def _lost(settings: Settings, receipts: set[str]) -> list[str]:
    """Return what was acknowledged and does not stand in the register, once the spools are empty."""
    databases = open_databases(settings.databases)
    detections = Detections(databases.register)
    try:
        async with asyncio.timeout(30):
            while lost := [one for one in sorted(receipts) if detections.get(one) is None]:
                await asyncio.sleep(0.2)
    except TimeoutError:
        return lost
    finally:
        databases.close()
    return []


@pytest.mark.long
async def test_a_door_that_stands_still_is_passed_by(
    pair: tuple[Settings, Replica, Replica], capsys: pytest.CaptureFixture[str]
) -> None:
    _, left, right = pair
    provider = AndonProvider([left.url, right.url], token=token(Role.DETECTOR), timeout=0.3)
    api.set_provider(provider, "frozen-door")
    client = api.get_client("frozen-door")
    assert await asyncio.to_thread(client.get_boolean_value, KEY, False) is True
    left.freeze(frozen=True)
    try:
        began = time.monotonic()
        assert await asyncio.to_thread(client.get_boolean_value, KEY, False) is True
        took = time.monotonic() - began
    finally:
        left.freeze(frozen=False)
    provider.shutdown()
    with capsys.disabled():
        print(f"\na door that stands still: the next one answered after {took * 1000:.0f} ms")
    assert took < 1.5
