"""Signed by Standard Webhooks: a time near ours, a secret in force, and each call once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from andon.api.source_secrets import SecretDrawer
from andon.register.source_secrets import OVERLAP, SourceSecrets
from tests.door.conftest import Door
from tests.door.test_detections import HARM

REPORT = {"system": "refund_desk", "channel": "monitoring", "title": "It refunds a stranger", "facts": HARM}


class Desk:
    """A program that signs what it sends."""

    def __init__(self, door: Door) -> None:
        self.door = door
        kept = SourceSecrets(door.databases.register)
        self.drawer = SecretDrawer(door.settings.keys.master, kept)
        door.write_source("desk", kind="native", sender="detector-1")
        self.secret = self.made()

    def made(self, at: datetime | None = None) -> str:
        return self.drawer.make("desk", "admin-1", at or datetime.now(UTC))[0]

    async def send(
        self,
        name: str = "msg_1",
        report: dict[str, Any] | None = None,
        *,
        at: datetime | None = None,
        secret: str | None = None,
        altered: bool = False,
        to: str = "/v1/detections?source=desk",
    ) -> httpx.Response:
        body = json.dumps(report or REPORT)
        moment = at or datetime.now(UTC)
        signature = Webhook(secret or self.secret).sign(name, moment, body)
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }
        content = body.replace("stranger", "friend") if altered else body
        return await self.door.http.post(to, content=content, headers=headers)


@pytest.fixture
def desk(door: Door) -> Desk:
    return Desk(door)


async def test_what_is_signed_counts_as_its_accounts_and_sent_again_it_is_the_same(desk: Desk) -> None:
    first = await desk.send()
    assert first.status_code == 202, first.text
    told = first.json()
    assert told["outcome"] in {"opened", "spooled"}, "a busy Temporal may take it a moment later"
    row = desk.door.incidents.get(told["incident"])
    assert row is not None
    assert row.source == "source:detector-1"

    again = (await desk.send(at=datetime.now(UTC) - timedelta(minutes=4))).json()
    assert {key: again[key] for key in ("receipt", "outcome", "incident", "severity")} == {
        key: told[key] for key in ("receipt", "outcome", "incident", "severity")
    }
    assert desk.door.detections.count_joined(told["incident"]) == 0
    assert len(desk.door.incidents.list()) == 1


async def test_a_call_that_comes_in_ten_times_at_once_opens_one_incident(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.send("msg_storm") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert len(desk.door.incidents.list()) == 1


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24])
async def test_a_time_more_than_five_minutes_off_either_way_is_refused(desk: Desk, minutes: int) -> None:
    answer = await desk.send(at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert answer.status_code == 401
    assert "five minutes off" in answer.json()["detail"]
    assert desk.door.incidents.list() == []


async def test_an_altered_body_and_a_strangers_secret_are_refused(desk: Desk) -> None:
    assert (await desk.send(altered=True)).status_code == 401
    assert (await desk.send(secret="whsec_" + "QUJD" * 11)).status_code == 401
    assert desk.door.incidents.list() == []


@pytest.mark.parametrize("signature", ["", "v1", "v1,@@@", "v2,QUJD", ",", "v1,QUJD v1,RUZH"])
async def test_a_signature_that_is_none_is_refused(desk: Desk, signature: str) -> None:
    headers = {
        "content-type": "application/json",
        "webhook-id": "msg",
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())),
        "webhook-signature": signature,
    }
    answer = await desk.door.http.post("/v1/detections?source=desk", json=REPORT, headers=headers)
    assert answer.status_code == 401


async def test_the_secret_that_was_replaced_is_good_for_one_day(desk: Desk) -> None:
    old, now = desk.secret, datetime.now(UTC)
    new = desk.made()
    assert (await desk.send("with-old", secret=old)).status_code == 202
    assert (await desk.send("with-new", secret=new)).status_code == 202
    assert desk.drawer.of("desk", now + OVERLAP - timedelta(minutes=1)) == [new, old]
    assert desk.drawer.of("desk", now + OVERLAP + timedelta(minutes=1)) == [new]


async def test_a_secret_is_kept_encrypted(desk: Desk) -> None:
    (kept,) = SourceSecrets(desk.door.databases.register).in_force("desk", datetime.now(UTC))
    assert desk.secret.encode() not in kept.sealed
    assert desk.secret.removeprefix("whsec_").encode() not in kept.sealed


async def test_a_foreign_form_can_be_signed_too_and_is_taken_once(desk: Desk) -> None:
    desk.door.write_source("leaks", kind="alertmanager", sender="detector-1", title=["labels.alertname"])
    secret = desk.drawer.make("leaks", "admin-1", datetime.now(UTC))[0]
    labels = {"alertname": "Leak"}
    alert = {"status": "firing", "labels": labels, "fingerprint": "f", "startsAt": "2026-05-04T12:00:00Z"}
    body = {"version": "4", "alerts": [alert, {**alert, "fingerprint": "g"}]}
    answers = [
        await desk.send("msg_am", body, secret=secret, to="/v1/alertmanager?source=leaks") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, again = ([one["receipt"] for one in answer.json()["alerts"]] for answer in answers)
    assert first == again
    assert len(set(first)) == 2


async def test_a_signature_for_one_source_is_none_for_another(desk: Desk) -> None:
    desk.door.write_source("leaks", kind="alertmanager", sender="detector-1", title=["labels.alertname"])
    answer = await desk.send(to="/v1/alertmanager?source=leaks")
    assert answer.status_code == 401


async def test_a_source_without_an_account_takes_nothing_that_is_signed(desk: Desk) -> None:
    answer = await desk.send(to="/v1/alertmanager?source=alertmanager")
    assert answer.status_code == 401
    assert "has no account" in answer.json()["detail"]


async def test_an_account_may_not_send_as_the_source_of_another(desk: Desk) -> None:
    desk.door.write_source("theirs", kind="alertmanager", sender="reporter-1", title=["labels.alertname"])
    headers = {"Authorization": "Bearer andon_detector_secret"}
    answer = await desk.door.http.post("/v1/alertmanager?source=theirs", json={}, headers=headers)
    assert answer.status_code == 403
