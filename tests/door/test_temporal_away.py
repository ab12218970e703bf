"""Without Temporal nothing is lost and the levers are held all the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from temporalio.worker import Worker

from andon.domain.directory import Role
from andon.door.engine import DEADLINE
from andon.register.detections import Detections
from tests.api.server import bearer, free_socket
from tests.door.conftest import Door, TemporalServer, make_settings, opened
from tests.door.incident import IncidentWorkflow
from tests.door.test_detections import HARM, until

REFUNDS = "refund_desk.tool.issue_refund.allowed"


async def values(door: Door) -> list[object]:
    answer = await door.http.post("/ofrep/v1/evaluate/flags", json={}, headers=bearer(Role.AUDITOR))
    return [one["value"] for one in answer.json()["flags"]]


async def test_a_detection_is_spooled_and_the_flags_are_false_when_it_is_answered(lonely: Door) -> None:
    assert (await lonely.flag(REFUNDS)).json()["value"] is True
    answer = await lonely.detect(query="?wait=contained", facts=HARM)
    told = answer.json()
    assert (answer.status_code, told["outcome"], told["stage"]) == (202, "spooled", "detect")
    assert told["incident"].startswith("INC-")
    assert told["contained"] is False
    assert {one["state"] for one in told["orders"]} == {"applied"}
    assert (await lonely.flag(REFUNDS)).json()["value"] is False
    assert [one.incident for one in lonely.incidents.waiting()] == [told["incident"]]


async def test_once_temporal_is_known_to_be_away_nobody_waits_for_it(lonely: Door) -> None:
    await lonely.detect(facts=HARM)
    # Together they would outlast the patience of any client if each waited for Temporal.
    async with asyncio.timeout(10 * DEADLINE.total_seconds() / 2):
        for number in range(10):
            told = (await lonely.detect(dedupe_key=f"y-{number}", facts=HARM)).json()
            assert told["outcome"] == "spooled"
    told = (await lonely.detect(dedupe_key="x", facts=HARM)).json()
    again = (await lonely.detect(dedupe_key="x", facts=HARM)).json()
    assert (again["outcome"], again["incident"]) == ("joined", told["incident"])


async def test_the_door_serves_flags_and_health_without_temporal(lonely: Door) -> None:
    assert (await lonely.http.get("/healthz")).status_code == 200
    assert await values(lonely) == [True, 600, True, True]


async def test_stop_works_without_temporal(lonely: Door) -> None:
    answer = await lonely.stop()
    told = answer.json()
    assert (answer.status_code, told["outcome"]) == (202, "spooled")
    assert told["orders"] == [{"lever": "refund_desk.allowed", "verb": "pause_system", "state": "applied"}]
    assert not any(await values(lonely))
    (effect,) = lonely.switches.effects()
    assert effect.key == f"{told['incident']}/order/1/apply"


async def test_what_was_spooled_starts_with_its_true_times_when_temporal_is_back(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path)
    listening = free_socket()
    settings = make_settings(tmp_path, server.address, listening.getsockname()[1])
    try:
        async with opened(settings, listening) as door:
            spooled = [(await door.detect(facts=HARM)).json() for _ in range(3)]
            stopped = (await door.stop()).json()
            joined = (await door.detect(dedupe_key="late", facts=HARM)).json()
            more = (await door.detect(dedupe_key="late", facts=HARM)).json()
            assert (joined["outcome"], more["outcome"]) == ("spooled", "joined")
            back_at = datetime.now(UTC)
            server.start()
            client = await server.client()
            async with Worker(client, task_queue="andon", workflows=[IncidentWorkflow], build_id="stand-in"):

                async def drained() -> bool:
                    return not door.incidents.waiting()

                await until(drained, 30)
                for told in (*spooled, stopped, joined):
                    row = door.incidents.get(told["incident"])
                    assert row is not None
                    assert row.opened_at < back_at
                    handle = client.get_workflow_handle(f"incident/{told['incident']}")
                    assert await handle.query("opened_by") == [told["receipt"]]

                late = client.get_workflow_handle(f"incident/{joined['incident']}")

                async def told_of_the_duplicate() -> bool:
                    return bool(await late.query("told"))

                await until(told_of_the_duplicate)
                fresh = (await door.detect(facts=HARM)).json()
                assert fresh["outcome"] == "opened"
            keys = [effect.key for effect in door.switches.effects()]
            assert len(keys) == len(set(keys))
    finally:
        server.stop()


async def test_a_crash_between_allotment_and_start_is_made_good_at_the_next_start(
    tmp_path: Path, temporal: TemporalServer, worker: object, nowhere: str
) -> None:
    listening = free_socket()
    settings = make_settings(tmp_path, nowhere, listening.getsockname()[1])
    async with opened(settings, listening) as door:
        told = (await door.detect(facts=HARM)).json()
        assert Detections(door.databases.register).get(told["receipt"]) is not None
    listening = free_socket()
    back = settings.model_copy(
        update={"temporal": settings.temporal.model_copy(update={"address": temporal.address})}
    )
    async with opened(back, listening) as door:

        async def started() -> bool:
            row = await asyncio.to_thread(door.incidents.get, told["incident"])
            return row is not None and row.started_at is not None

        await until(started)


async def test_a_crash_before_the_levers_were_held_is_made_good_without_temporal_too(
    tmp_path: Path, nowhere: str
) -> None:
    listening = free_socket()
    settings = make_settings(tmp_path, nowhere, listening.getsockname()[1])
    async with opened(settings, listening) as door:
        for number in range(3):
            await door.detect(facts=HARM, system="refund_desk" if number == 2 else "other_bot")
        with door.databases.switches.begin() as connection:
            connection.exec_driver_sql("DELETE FROM holds")
            connection.exec_driver_sql("DELETE FROM effects")
        assert (await door.flag(REFUNDS)).json()["value"] is True
    listening = free_socket()
    async with opened(settings, listening) as door:

        async def held() -> bool:
            return (await door.flag(REFUNDS)).json()["value"] is False

        await until(held)
