"""The real Alertmanager sends what fires, in groups, and says when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from andon.domain.detection import Outcome
from andon.domain.directory import Role
from tests.alertmanager import Alertmanager, alertmanager, real
from tests.api.server import bearer, token
from tests.door.conftest import Door
from tests.door.senders.conftest import Told

STARTED = datetime.now(UTC) - timedelta(minutes=10)


def alert(name: str, over: bool = False, **labels: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "ai_system": "refund_desk", "harm": "data_exposure", **labels},
        "annotations": {"summary": f"{name}: it shows accounts of others", "trace_id": "ab" * 16},
        "startsAt": STARTED.isoformat(),
        "endsAt": (now if over else now + timedelta(minutes=5)).isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }


@pytest.fixture
async def sender(door: Door, tmp_path: Path) -> AsyncIterator[Alertmanager]:
    async with alertmanager(tmp_path, f"{door.url}/v1/alertmanager", token(Role.DETECTOR)) as one:
        yield one


async def incidents(door: Door, count: int) -> list[Any]:
    async with asyncio.timeout(30):
        while len(found := door.incidents.list()) < count:
            await asyncio.sleep(0.05)
    return found


@real
async def test_what_fires_opens_once_and_what_is_over_is_noted_and_releases_nothing(
    door: Door, sender: Alertmanager, told: Told
) -> None:
    await sender.post(alert("Leak"))
    (row,) = await incidents(door, 1)
    assert (row.system, row.type, row.source) == ("refund_desk", "privacy_event", "source:detector-1")
    (kept,) = door.detections.of(row.incident)
    assert kept.trace_ids == ("ab" * 16,)
    assert kept.original is not None
    original = await door.texts.open(kept.original)
    assert "generatorURL" in original
    assert '"receiver": "andon"' in original

    await sender.post(alert("Leak", over=True))
    (said,) = await told(row.incident, 1)
    assert (said["source"], said["says"], said["count"]) == ("source:detector-1", "resolved", 1)
    after = door.incidents.get(row.incident)
    assert after is not None
    assert after.closed_at is None
    assert door.switches.holds("refund_desk")


@real
async def test_each_alert_of_a_group_is_taken_by_itself(door: Door, sender: Alertmanager) -> None:
    await sender.post(*(alert("Leak", pod=f"desk-{number}") for number in range(4)))
    found = await incidents(door, 4)
    assert len({row.incident for row in found}) == 4
    for row in found:
        # A group that was sent before all of it had come in is sent again, whole.
        kept, *again = door.detections.of(row.incident)
        assert {one.outcome for one in again} <= {Outcome.JOINED}
        assert kept.original is not None
        assert '"groupKey"' in await door.texts.open(kept.original)


def notification(**changes: Any) -> dict[str, Any]:
    firing = {
        "status": "firing",
        "labels": {"alertname": "Leak", "ai_system": "refund_desk", "harm": "data_exposure"},
        "annotations": {},
        "startsAt": "2026-05-04T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "9e107d9d372bb682",
    }
    told = {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "andon"}
    return {**told, "alerts": [firing], **changes}


async def test_a_notification_sent_again_joins_and_one_that_was_cut_says_by_how_much(door: Door) -> None:
    first = await door.http.post("/v1/alertmanager", json=notification(), headers=bearer("detector"))
    again = await door.http.post(
        "/v1/alertmanager", json=notification(truncatedAlerts=7), headers=bearer("detector")
    )
    (opened,), (joined,) = first.json()["alerts"], again.json()["alerts"]
    assert (opened["outcome"], joined["outcome"]) == ("opened", "joined")
    assert joined["incident"] == opened["incident"]
    assert again.json()["truncated"] == 7


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (notification(version="3"), "version"),
        (notification(alerts=[]), "alerts"),
        (notification(alerts=[{"status": "firing"}]), "alerts.0"),
        ({}, "version"),
    ],
)
async def test_what_is_no_notification_is_refused_with_its_reason(
    busy: Door, body: dict[str, Any], told: str
) -> None:
    answer = await busy.http.post("/v1/alertmanager", json=body, headers=bearer("detector"))
    assert answer.status_code == 400
    assert told in answer.json()["detail"]
