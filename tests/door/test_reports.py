"""What people report: counted once, kept from logs, no further than its words reach, signed on arrival."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.signing import open_envelope
from andon.domain.times import read_intake
from andon.domain.values import sha256
from tests.api.server import bearer
from tests.door.conftest import Door

KEY = {"Idempotency-Key": "a-key-of-one-form"}
SECRETS = "It printed AKIAIOSFODNN7EXAMPLE and card 4111 1111 1111 1111"


async def report(door: Door, role: Role = Role.REPORTER, /, **said: object) -> dict[str, object]:
    sent = {"system": "refund_desk", "channel": "user_report", "title": "It is odd", **said}
    answer = await door.http.post("/v1/detections", json=sent, headers=bearer(role))
    assert answer.status_code == 202, answer.text
    told: dict[str, object] = answer.json()
    return told


async def keyed(door: Door, title: str, role: Role = Role.REPORTER) -> dict[str, object]:
    sent = {"system": "refund_desk", "channel": "user_report", "title": title, "flag": "exposed"}
    answer = await door.http.post("/v1/detections", json=sent, headers=bearer(role) | KEY)
    told: dict[str, object] = answer.json()
    return told


def levers(told: dict[str, object]) -> set[str]:
    orders = told["orders"]
    assert isinstance(orders, list)
    return {one["verb"] for one in orders}


async def test_a_form_sent_twice_has_one_receipt_and_opens_one_incident(busy: Door) -> None:
    told = await asyncio.gather(*(keyed(busy, "Sent twice") for _ in range(5)))
    told.append(await keyed(busy, "Sent twice"))
    assert len({one["receipt"] for one in told}) == 1
    (incident,) = {one["incident"] for one in told}
    assert len(busy.detections.of(str(incident))) == 1
    assert {one["outcome"] for one in told} == {"opened"}


async def test_other_words_or_another_person_under_the_same_key_are_another_report(busy: Door) -> None:
    first, other = await keyed(busy, "The words of one"), await keyed(busy, "Words set right")
    elsewhere = await keyed(busy, "The words of one", Role.ENGINEER)
    assert len({one["receipt"] for one in (first, other, elsewhere)}) == 3


async def test_a_report_without_asserted_harm_sends_output_to_people_and_stops_nothing(busy: Door) -> None:
    for said in ({}, {"flag": "incorrect"}, {"severity": "medium"}):
        told = await report(busy, **said)
        assert (told["outcome"], levers(told)) == ("opened", {"route_to_review"})
        row = busy.incidents.get(str(told["incident"]))
        assert row is not None
        assert row.provisional


async def test_what_the_report_says_of_harm_stops_what_the_playbook_stops(busy: Door) -> None:
    told = await report(busy, facts={"unauthorized_action": "yes", "autonomy": "acts_alone"})
    assert "pause_system" in levers(told)


async def test_graver_steps_stay_in_the_plan_for_whoever_finds_it_graver(busy: Door) -> None:
    told = await report(busy)
    row = busy.incidents.get(str(told["incident"]))
    assert row is not None
    assert row.opening is not None
    graver = [step.verb for step in row.opening.plan.steps if "high" in step.at]
    assert graver == ["pause_system"]


async def test_somebody_who_does_not_know_is_taken_in_and_asked(busy: Door) -> None:
    told = await report(busy, system="?", title="it leaked something, please help")
    row = busy.incidents.get(str(told["incident"]))
    assert row is not None
    assert (row.system, row.severity, row.provisional) == ("unknown", "medium", True)


async def test_secrets_in_the_words_bring_advice_and_reach_neither_log_nor_history(
    busy: Door, worker: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        told = await report(busy, title=SECRETS, description=SECRETS, flag="exposed")
        wrong = {"system": "refund_desk", "channel": SECRETS, "title": SECRETS, "trigger": SECRETS}
        refused = await busy.http.post("/v1/detections", json=wrong, headers=bearer(Role.REPORTER))
        assert refused.status_code == 400
    advice = told["advice"]
    assert isinstance(advice, list)
    assert ["replaced" in advice[0], "issued the card" in advice[1]] == [True, True]
    history = await worker.get_workflow_handle(f"incident/{told['incident']}").fetch_history()
    for kept in (caplog.text, history.to_json()):
        assert "AKIA" not in kept
        assert "4111 1111" not in kept


async def test_ordinary_words_bring_no_advice(busy: Door) -> None:
    assert (await report(busy))["advice"] == []


async def test_the_door_signs_when_and_from_whom_it_came(busy: Door) -> None:
    occurred = datetime.now(UTC) - timedelta(hours=3)
    said = occurred + timedelta(hours=2)
    body = json.dumps(
        {
            "system": "refund_desk",
            "channel": "user_report",
            "title": "Somebody phoned about it",
            "flag": "exposed",
            "occurred_at": occurred.isoformat(),
            "reported_at": said.isoformat(),
        }
    ).encode()
    headers = bearer(Role.REPORTER) | {"Content-Type": "application/json"}
    told = (await busy.http.post("/v1/detections", content=body, headers=headers)).json()
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.intake is not None
    signed = read_intake(row.opening.intake, row.opening.plan.trusted)
    assert open_envelope(row.opening.intake, row.opening.plan.trusted)
    assert (signed.receipt, signed.incident) == (told["receipt"], told["incident"])
    assert signed.body == sha256(body)
    times = signed.times()
    assert (times.occurred_at, times.reported_at) == (occurred, said)
    assert (times.aware, times.aware_at) == ("reporter-1", said)
    assert times.received_at == row.opened_at
    assert times.detected_at == row.opened_at


async def test_a_program_knows_nothing_so_nobody_is_aware_yet(busy: Door) -> None:
    told = (await busy.detect(flag="exposed")).json()
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.intake is not None
    times = read_intake(row.opening.intake, row.opening.plan.trusted).times()
    assert (times.aware, times.aware_at) == (None, None)


@pytest.mark.parametrize("name", ["occurred_at", "detected_at", "reported_at"])
@pytest.mark.parametrize("moment", ["2026-03-29T02:30:00", "2100-01-01T00:00:00Z", "yesterday", 1700000000])
async def test_a_time_without_zone_ahead_or_unreadable_is_refused_with_the_reason(
    busy: Door, name: str, moment: object
) -> None:
    sent = {"system": "refund_desk", "channel": "user_report", "title": "When?", name: moment}
    answer = await busy.http.post("/v1/detections", json=sent, headers=bearer(Role.REPORTER))
    assert answer.status_code == 400
    assert name in answer.json()["detail"]
