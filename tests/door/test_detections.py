"""A detection opens an incident or joins one, and never disappears."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from andon.domain.detection import Outcome
from andon.domain.directory import Role
from andon.domain.incident import Duplicates
from andon.register.policies import Policies
from tests.api.server import bearer
from tests.door.conftest import Door

HARM = {"unauthorized_action": "yes", "autonomy": "acts_alone", "uncertainty": "low"}
"""High by rule H9, and containment is required."""
HARMLESS = {
    "output_fault": "low_quality",
    "impact": "none",
    "exposure": "internal_caught",
    "data_exposed": "no",
    "data_sensitivity": "public",
    "autonomy": "recommends",
    "safety": "none",
    "ongoing": "no",
    "can_continue_safely": "yes",
    "uncertainty": "low",
}


async def until(condition: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_a_detection_opens_an_incident_with_its_workflow(door: Door, worker: Client) -> None:
    answer = await door.detect(facts=HARM, type="unauthorised_tool_action", trace_ids=["ab" * 16])
    assert answer.status_code == 202
    told = answer.json()
    assert list(told) == [
        "receipt",
        "outcome",
        "incident",
        "url",
        "stage",
        "severity",
        "contained",
        "orders",
        "issue",
        "advice",
    ]
    assert (told["outcome"], told["stage"], told["severity"]) == ("opened", "contain", "high")
    assert told["url"] == f"http://localhost:1/incidents/{told['incident']}"
    assert told["contained"] is False
    assert {"lever": "refund_desk.allowed", "verb": "pause_system", "state": "applied"} in told["orders"]

    handle = worker.get_workflow_handle(f"incident/{told['incident']}")
    described = await handle.describe()
    found = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert found["AndonSeverity"] == "high"
    assert found["AndonSystem"] == "refund_desk"
    assert found["AndonExercise"] is False
    assert await handle.query("opened_by") == [told["receipt"]]

    row = door.incidents.get(told["incident"])
    assert row is not None
    assert row.started_at is not None
    assert row.opening is not None
    plan = row.opening.plan
    assert plan.owner == "business_owner-1"
    assert len(plan.trusted) == 1
    assert '"severity"' in Policies(door.databases.register).get(plan.policy)


async def test_the_flags_are_held_when_it_is_answered_whatever_the_workflow_does(
    door: Door, worker: Client
) -> None:
    told = (await door.detect(facts=HARM)).json()
    levers = {one["lever"] for one in told["orders"]}
    answers = [(await door.flag(lever)).json() for lever in levers]
    assert {one["metadata"]["incident"] for one in answers} == {told["incident"]}
    assert {one["variant"] for one in answers} == {"held"}
    assert {effect.key.rsplit("/", 1)[0] for effect in door.switches.effects()} == {
        f"{told['incident']}/order/{number + 1}" for number in range(len(levers))
    }


async def test_no_free_text_reaches_temporal_or_stands_in_clear(door: Door, worker: Client) -> None:
    secret = "card 4111 1111 1111 1111 of Ms Example"
    told = (await door.detect(title=secret, description=secret, dedupe_key=secret, facts=HARM)).json()
    history = await worker.get_workflow_handle(f"incident/{told['incident']}").fetch_history()
    assert "4111" not in history.to_json()
    (kept,) = door.detections.of(told["incident"])
    assert "4111" not in kept.model_dump_json()
    folder = door.settings.data_dir
    for file in folder.glob("register.db*"):
        assert b"4111" not in file.read_bytes()


async def test_two_hundred_duplicates_at_once_are_one_incident(door: Door, worker: Client) -> None:
    answers = await asyncio.gather(*(door.detect(dedupe_key="alert-7", facts=HARM) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {202}
    told = [answer.json() for answer in answers]
    (incident,) = {one["incident"] for one in told}
    assert sorted(one["outcome"] for one in told) == ["joined"] * 199 + ["opened"]
    assert len({one["receipt"] for one in told}) == 200
    assert door.detections.count_joined(incident) == 199

    handle = worker.get_workflow_handle(f"incident/{incident}")

    async def all_told() -> bool:
        batches = await handle.query("told", result_type=list[Duplicates])
        return sum(one.count for one in batches) == 199

    await until(all_told)
    assert len(await handle.query("opened_by")) == 1
    assert len(await handle.query("told")) <= 5


async def test_a_closed_incident_takes_nothing_in_and_the_next_is_its_recurrence(door: Door) -> None:
    first = (await door.detect(dedupe_key="k", facts=HARM)).json()["incident"]
    row = door.incidents.get(first)
    assert row is not None
    with door.databases.register.begin() as connection:
        connection.exec_driver_sql("UPDATE incidents SET closed_at = opened_at WHERE incident = ?", (first,))
    told = (await door.detect(dedupe_key="k", facts=HARM)).json()
    assert (told["outcome"], told["incident"] == first) == ("opened", False)
    fresh = door.incidents.get(told["incident"])
    assert fresh is not None
    assert fresh.recurrence_of == first


async def test_without_a_dedupe_key_each_detection_opens_its_own(busy: Door) -> None:
    told = [(await busy.detect(facts=HARM)).json()["incident"] for _ in range(2)]
    assert len(set(told)) == 2


async def test_a_quality_issue_is_recorded_and_opens_nothing(door: Door) -> None:
    told = (await door.detect(facts=HARMLESS)).json()
    assert told["outcome"] == "quality_issue"
    assert told["incident"] is None
    assert told["orders"] == []
    kept = door.detections.get(told["receipt"])
    assert kept is not None
    assert kept.outcome is Outcome.QUALITY_ISSUE
    assert door.incidents.list() == []


async def test_a_severity_the_sender_insists_on_reaches_people_whatever_the_facts_say(busy: Door) -> None:
    told = (await busy.detect(facts=HARMLESS, severity="critical")).json()
    assert (told["outcome"], told["severity"]) == ("opened", "critical")


async def test_omitted_facts_are_unknown_so_a_bare_report_is_provisionally_medium(busy: Door) -> None:
    told = (await busy.detect()).json()
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert (told["severity"], row.provisional, row.containment_required) == ("medium", True, True)


@pytest.mark.parametrize("name", ["?", "unknown", "the refund thing", "../../etc", "Großes"])
async def test_a_report_about_a_system_nobody_can_name_is_accepted(busy: Door, name: str) -> None:
    told = (await busy.detect(Role.REPORTER, system=name, channel="user_report", flag="exposed")).json()
    assert told["outcome"] == "opened"
    row = busy.incidents.get(told["incident"])
    assert row is not None
    assert row.system == "unknown"
    by_hand = {"lever": "unknown.manual.route_to_review", "verb": "route_to_review", "state": "requested"}
    assert told["orders"] == [by_hand]


async def test_an_unregistered_system_gets_flags_from_its_first_detection_on(door: Door) -> None:
    assert (await door.flag("new_bot.allowed")).status_code == 404
    told = (await door.detect(system="new_bot", facts=HARM)).json()
    assert "new_bot.allowed" in [one["lever"] for one in told["orders"]]
    assert (await door.flag("new_bot.allowed")).status_code == 200
    row = door.incidents.get(told["incident"])
    assert row is not None
    assert row.opening is not None
    assert row.opening.plan.owner == "incident_lead-1"


async def test_asserted_facts_win_over_what_a_trigger_suggests(busy: Door) -> None:
    plain = (await busy.detect(trigger="unauthorised_tool_action")).json()
    denied = (
        await busy.detect(trigger="unauthorised_tool_action", facts={"unauthorized_action": "no"})
    ).json()
    suggested, asserted = [busy.detections.get(one["receipt"]) for one in (plain, denied)]
    assert suggested is not None
    assert asserted is not None
    assert suggested.facts["unauthorized_action"] == "yes"
    assert asserted.facts["unauthorized_action"] == "no"


@pytest.mark.parametrize("title", ["=HYPERLINK(0)", "<img onerror=x>", "\x1b[31mred", "\u202egnp.exe"])
async def test_odd_titles_are_taken_as_inert_text(busy: Door, title: str) -> None:
    assert (await busy.detect(title=title)).status_code == 202


@pytest.mark.parametrize(
    ("report", "status", "says"),
    [
        ({"severity": "P0"}, 400, "low, SEV4"),
        ({"severity": "CRIT"}, 400, "is not known; use one of"),
        ({"severity": 9.8}, 400, "is not known; use one of"),
        ({"severity": ["high"]}, 400, "is not known; use one of"),
        ({"occurred_at": "2026-03-29T02:30:00"}, 400, "no zone and is never guessed"),
        ({"detected_at": "yesterday"}, 400, "detected_at"),
        ({"detected_at": 1767225600}, 400, "detected_at"),
        ({"detected_at": "2999-01-01T00:00:00Z"}, 400, "ahead of"),
        ({"title": ""}, 400, "title"),
        ({"title": "😀" * 201}, 400, "200 characters; put the rest into the description"),
        ({"title": "😀" * 250_000}, 413, "larger than 262144 bytes"),
        ({"channel": "telepathy"}, 400, "monitoring"),
        ({"type": "bug"}, 400, "privacy_event"),
        ({"trigger": "nothing"}, 400, "unauthorised_tool_action"),
        ({"flag": "odd"}, 400, "unsafe"),
        ({"facts": {"colour": "red"}}, 400, "facts: 'colour' is not known; use one of"),
        ({"facts": {"impact": "huge"}}, 400, "facts.impact: 'huge' is not known; use one of"),
        ({"facts": {"affected_count": -1}}, 400, "not a whole number from 0"),
        ({"facts": {"affected_count": True}}, 400, "affected_count"),
        ({"facts": {"impact": {"deep": 1}}}, 400, "facts.impact"),
        ({"potential_facts": {"colour": "red"}}, 400, "potential_facts"),
        ({"trace_ids": ["please call 555-1234"]}, 400, "32 hexadecimal digits"),
        ({"colour": "red"}, 400, "colour: unknown field; the fields are: system, channel"),
        ({"system": ""}, 400, "system"),
        ({"spans": [{"x": 1}] * 12_000, "note": "y" * 200_000}, 413, "flight recorder"),
    ],
)
async def test_what_cannot_be_used_is_refused_and_says_what_to_do(
    busy: Door, report: dict[str, object], status: int, says: str
) -> None:
    answer = await busy.detect(**report)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("severity", ["", "high", "Sev-1", "SEV1", "severity 2", "S3", None])
async def test_mapped_words_for_severity_are_taken(busy: Door, severity: str | None) -> None:
    assert (await busy.detect(severity=severity)).status_code == 202


async def test_a_huge_or_deep_body_is_refused_before_it_is_parsed(busy: Door) -> None:
    json = {**bearer(Role.DETECTOR), "Content-Type": "application/json"}
    huge = await busy.http.post("/v1/detections", content=b"x" * 50_000_000, headers=json)
    deep = await busy.http.post("/v1/detections", content=b'{"facts":' * 100, headers=json)
    form = await busy.http.post("/v1/detections", content=b"system=x", headers=bearer(Role.DETECTOR))
    assert (huge.status_code, deep.status_code, form.status_code) == (413, 400, 415)
    assert "flight recorder" in huge.json()["detail"]
    assert "deeper than 12" in deep.json()["detail"]


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_report_and_who_may_stop(busy: Door, role: Role) -> None:
    detected = await busy.detect(role)
    assert detected.status_code == (403 if role in (Role.AUDITOR, Role.CUSTODIAN) else 202)
    stopped = await busy.stop(role)
    may = {"responder", "incident_lead", "operations", "security", "business_owner", "engineer", "executive"}
    assert stopped.status_code == (202 if role.value in may else 403)


async def test_nobody_gets_in_without_a_token(busy: Door) -> None:
    for path in ("/v1/detections", "/v1/stop", "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/x"):
        assert (await busy.http.post(path, json={})).status_code == 401
    probe = {"Authorization": "Bearer andon_probe_secret"}
    for path in ("/v1/detections", "/v1/stop"):
        assert (await busy.http.post(path, json={}, headers=probe)).status_code == 403


async def test_the_description_of_the_api_has_no_dangling_references(busy: Door) -> None:
    described = (await busy.http.get("/v1/openapi.json", headers=bearer(Role.ADMIN))).text
    parts = (await busy.http.get("/v1/openapi.json", headers=bearer(Role.ADMIN))).json()["components"][
        "schemas"
    ]
    for name in described.split('"$ref":"#/components/schemas/')[1:]:
        assert name.split('"', 1)[0] in parts


@pytest.mark.long
async def test_a_program_over_its_limit_opens_incidents_whose_orders_wait_for_a_person(door: Door) -> None:
    limit = door.settings.intake.stops_per_source_per_hour
    for number in range(limit):
        told = (await door.detect(system=f"bot_{number}", facts=HARM)).json()
        assert told["orders"]
    over = (await door.detect(system="one_more", facts=HARM)).json()
    assert (over["outcome"], over["orders"]) == ("opened", [])
    again = (await door.detect(system="bot_0", facts=HARM)).json()
    assert again["orders"]
    person = (await door.detect(Role.RESPONDER, system="one_more", facts=HARM)).json()
    assert person["orders"]


async def test_waiting_ends_with_the_time_and_never_claims_containment(busy: Door) -> None:
    began = datetime.now(UTC)
    told = (await busy.detect(query="?wait=contained&timeout=0.5", facts=HARM)).json()
    assert timedelta(seconds=0.5) <= datetime.now(UTC) - began < timedelta(seconds=5)
    assert told["contained"] is False
    for query in ("?wait=for_ever", "?wait=contained&timeout=31", "?wait=contained&timeout=x"):
        assert (await busy.detect(query=query)).status_code == 400
