"""From a detection to proven containment, with the real incident workflow and a real OpenFeature probe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.adapters.store.projection import RegisterProjection
from andon.domain.incident import IncidentState
from tests.api.server import free_socket
from tests.door.conftest import PROBE_TOKEN, Door, TemporalServer, make_settings, opened
from tests.door.test_detections import HARM, until
from tests.workflows.case import Parts, serving
from workflows.incident import IncidentWorkflow

REFUNDS = "refund_desk.tool.issue_refund.allowed"


@dataclass
class Running:
    """A door, its Temporal server, and what its workers stand on."""

    door: Door
    server: TemporalServer
    parts: Parts

    async def start_temporal(self) -> None:
        """Start the server and wait until the door has noticed."""
        self.server.start()
        await self.server.client()

        async def noticed() -> bool:
            return not self.door.app.state.engine.away

        await until(noticed)

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[Client]:
        client = await self.server.client()
        async with serving(client, self.parts):
            yield client


@pytest.fixture
async def running_door(tmp_path: Path) -> AsyncIterator[Running]:
    server = TemporalServer(tmp_path)
    listening = free_socket()
    settings = make_settings(tmp_path, server.address, listening.getsockname()[1])
    async with opened(settings, listening) as door:
        parts = Parts()
        probe = OpenFeatureProbe(door.url, SecretStr(PROBE_TOKEN))
        parts.levers = {"flag": FlagLever(door.switches, probe)}  # type: ignore[dict-item] - the fake's place
        parts.projection = RegisterProjection(door.incidents)  # type: ignore[assignment] - the fake's place
        try:
            yield Running(door, server, parts)
        finally:
            server.stop()


async def test_who_waits_for_containment_is_told_when_it_is_proven(running_door: Running) -> None:
    door = running_door.door
    await running_door.start_temporal()
    async with running_door.workers() as client:
        told = (await door.detect(query="?wait=contained&timeout=15", facts=HARM, dedupe_key="a")).json()
        assert told["outcome"] == "opened"
        assert told["contained"] is True
        assert {one["state"] for one in told["orders"]} == {"proven"}
        assert (await door.flag(REFUNDS)).json()["value"] is False
        again = (await door.detect(query="?wait=contained", facts=HARM, dedupe_key="a")).json()
        assert (again["outcome"], again["contained"]) == ("joined", True)
        handle = client.get_workflow_handle_for(IncidentWorkflow.run, f"incident/{told['incident']}")

        async def counted() -> bool:
            state = await handle.query("state", result_type=IncidentState)
            return state.joined == 1

        await until(counted)


async def test_holds_put_on_by_the_door_are_adopted_and_proven_by_the_workflow(running_door: Running) -> None:
    door = running_door.door
    spooled = (await door.detect(facts=HARM)).json()
    stopped = (await door.stop()).json()
    assert (spooled["outcome"], stopped["outcome"]) == ("spooled", "spooled")
    running_door.server.start()
    async with running_door.workers():

        async def proven() -> bool:
            rows = [
                await asyncio.to_thread(door.incidents.get, one["incident"]) for one in (spooled, stopped)
            ]
            return all(row is not None and row.contained for row in rows)

        await until(proven, 30)
    keys = [effect.key for effect in door.switches.effects()]
    assert len(keys) == len(set(keys)) == len(spooled["orders"]) + len(stopped["orders"])
    for told in (spooled, stopped):
        row = door.incidents.get(told["incident"])
        assert row is not None
        assert row.view is not None
        assert {one.order.lever.id for one in row.view.orders} == {one["lever"] for one in told["orders"]}


async def test_with_the_workers_down_the_door_contains_and_the_workflow_follows(
    running_door: Running,
) -> None:
    door = running_door.door
    await running_door.start_temporal()
    told = (await door.detect(facts=HARM)).json()
    assert told["outcome"] == "spooled"
    assert (await door.flag(REFUNDS)).json()["value"] is False
    async with running_door.workers():

        async def proven() -> bool:
            row = await asyncio.to_thread(door.incidents.get, told["incident"])
            return row is not None and row.contained and row.started_at is not None

        await until(proven, 40)
