"""Affected records and the reach through the API: listed, found in tool calls, settled, exported."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.ledger import Chain, Kind
from andon.domain.system import AISystem, Counting, EvidencePlaces, RecordRule, Tier
from andon.register.spans import SpanRow
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened
from tests.console.test_proposals import entries

SECRET = "account-of-jane-doe"
RECORDS = [
    {"id": "A-1", "system": "orders", "field": "refund", "before": "0", "after": "40"},
    {"id": "A-2", "system": "orders", "field": "refund", "after": "=1+1"},
    {"id": SECRET, "system": "crm"},
]


async def change(http: httpx.AsyncClient, role: Role, incident: str, **body: Any) -> httpx.Response:
    return await http.post(
        f"/v1/incidents/{incident}/affected",
        headers=bearer(role),
        json={"reason": "from the payment log", **body},
    )


async def listed(http: httpx.AsyncClient, incident: str, **query: Any) -> dict[str, Any]:
    answer = await Caller(http, Role.OPERATIONS).get(f"/v1/incidents/{incident}/affected", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_records_are_listed_settled_one_by_one_or_all_at_once_and_the_sum_is_told(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    added = await change(http, Role.OPERATIONS, incident, add=RECORDS)
    assert (added.status_code, added.json()["said"]) == (201, "0 corrected + 0 that cannot be = 0 of 3")
    done = {"state": "corrected", "numbers": [2], "because": "OPS-12"}
    assert (await change(http, Role.FINANCE, incident, settle=done)).status_code == 201
    rest = {"state": "cannot", "all_open": True, "because": "customer deleted the account"}
    assert (await change(http, Role.OPERATIONS, incident, settle=rest)).status_code == 201
    found = await listed(http, incident)
    assert found["said"] == "1 corrected + 2 that cannot be = 3 of 3"
    assert [(one["number"], one["state"], one["settled_by"]) for one in found["records"]] == [
        (1, "cannot", "operations-1"),
        (2, "corrected", "finance-1"),
        (3, "cannot", "operations-1"),
    ]
    assert [one["number"] for one in (await listed(http, incident, state="corrected"))["records"]] == [2]
    page = await listed(http, incident, limit=2)
    assert ([one["number"] for one in page["records"]], page["next"]) == ([1, 2], 2)
    stated = [one for one in await entries(http, incident, Kind.DECLARED) if one["subject"] == "affected"]
    assert [one["facts"]["all"] for one in stated] == ["3", "3", "3"]


async def test_two_who_change_the_list_at_once_both_count(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    sent = [
        change(http, Role.OPERATIONS, incident, add=[{"id": f"B-{number}", "system": "orders"}])
        for number in range(3)
    ]
    assert [one.status_code for one in await asyncio.gather(*sent)] == [201, 201, 201]
    assert {one["id"] for one in (await listed(http, incident))["records"]} == {"B-0", "B-1", "B-2"}


async def test_record_ids_reach_neither_temporal_nor_the_register_in_clear_nor_those_who_only_count(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, Role.OPERATIONS, incident, add=RECORDS)
    history = await temporal.get_workflow_handle(f"incident/{incident}").fetch_history()
    assert SECRET not in history.to_json()
    for file in office.settings.data_dir.glob("register.db*"):
        assert SECRET.encode() not in file.read_bytes()
    for role in (Role.LEGAL, Role.COMMUNICATIONS, Role.EXECUTIVE):
        assert (await Caller(http, role).get(f"/v1/incidents/{incident}/affected")).status_code == 403
        told = await Caller(http, role).get(f"/v1/incidents/{incident}/impact")
        assert (told.json()["affected"]["all"], SECRET in told.text) == (3, False)


async def test_the_export_is_a_file_without_formulas_and_who_took_it_is_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await change(http, Role.OPERATIONS, incident, add=RECORDS)
    place = f"/v1/incidents/{incident}/affected/export"
    sheet = await Caller(http, Role.AUDITOR).get(place)
    assert sheet.headers["content-disposition"] == f'attachment; filename="{incident}-affected.csv"'
    assert sheet.headers["x-content-type-options"] == "nosniff"
    assert '"\'=1+1"' in sheet.text
    whole = (await Caller(http, Role.AUDITOR).get(place, form="json")).json()
    assert [one["id"] for one in whole["records"]] == ["A-1", "A-2", SECRET]
    looked = office.queries.ledger.entries(incident, Chain.ACCESS)
    assert [(one.actor, one.kind, one.subject) for one in looked][-2:] == [
        ("person:auditor-1", "exported", "affected_records")
    ] * 2


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        (Role.COMMUNICATIONS, {"add": RECORDS[:1]}, 403),
        (Role.OPERATIONS, {}, 422),
        (Role.OPERATIONS, {"settle": {"state": "corrected", "numbers": [9], "because": "x"}}, 422),
        (Role.OPERATIONS, {"settle": {"state": "corrected", "because": "x"}}, 400),
        (Role.OPERATIONS, {"add": [{"id": "A-1"}]}, 400),
        (Role.OPERATIONS, {"add": RECORDS[:1], "reason": ""}, 400),
    ],
)
async def test_what_can_not_be_a_change_is_refused_and_changes_nothing(
    office: Office, http: httpx.AsyncClient, temporal: Client, role: Role, body: dict[str, Any], status: int
) -> None:
    incident = await opened(office, temporal)
    refused = await change(http, role, incident, **body)
    assert refused.status_code == status, refused.text
    assert (await listed(http, incident))["records"] == []


async def test_the_list_is_changed_at_its_own_place_and_nowhere_else(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    about = {"batch": "a" * 64, "previous": "0" * 64, "all": "1", "corrected": "0", "cannot": "0"}
    body = {"kind": "affected", "about": about, "reason": "x"}
    refused = await http.post(
        f"/v1/incidents/{incident}/declarations", headers=bearer(Role.OPERATIONS), json=body
    )
    assert refused.status_code == 422


def span(trace: str, at: datetime, system: str, **attributes: Any) -> SpanRow:
    content = json.dumps({name.replace("__", "."): value for name, value in attributes.items()}).encode()
    return SpanRow(
        trace_id=trace,
        span_id=trace[:12] + str(len(content)),
        parent=None,
        service=system,
        name="x",
        start=at,
        end=at,
        attributes=content,
        size=len(content),
        received_at=at,
    )


def paid(trace: str, at: datetime, system: str, version: str, user: str, order: str) -> list[SpanRow]:
    tool = {
        "gen_ai__operation__name": "execute_tool",
        "gen_ai__tool__name": "issue_refund",
        "gen_ai__tool__call__arguments": json.dumps({"order_id": order}),
    }
    answer = {"gen_ai__completion": "paid", "gen_ai__prompt__version": version, "user__id": user}
    return [span(trace, at, system, **answer), span(trace, at, system, **tool)]


async def test_the_reach_is_counted_from_spans_and_tool_calls_fill_the_list(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    now = datetime.now(UTC)
    rule = RecordRule(tool="issue_refund", argument="order_id", system="orders")
    office.queries.systems.put_system(
        AISystem(
            id="counted_desk",
            name="Counted desk",
            tier=Tier.LOW,
            owner="bela",
            evidence=EvidencePlaces(counting=Counting(user="", segment="", records=(rule,))),
        )
    )
    before = paid("a" * 32, now - timedelta(days=2), "counted_desk", "7", "u0", "C-0")
    after = [
        one
        for number in range(3)
        for one in paid(
            f"{number}" * 32,
            now - timedelta(minutes=30 - number),
            "counted_desk",
            "8",
            f"u{number}",
            f"C-{number}",
        )
    ]
    office.queries.spans.add([*before, *after])
    plan = office.plan().model_copy(update={"system": "counted_desk"})
    incident = await opened(office, temporal, plan=plan, trace_ids=("1" * 32,))
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/impact")).json()
    numbers = {one["what"]: (one["value"], one["basis"]) for one in told["found"]["numbers"]}
    assert numbers == {
        "outputs": (3, "counted"),
        "users": (3, "counted"),
        "records": (3, "counted"),
        "side_effects": (3, "counted"),
    }
    assert (told["found"]["start"], told["found"]["suggested"]) == ("first_bad_version", "workflow")
    assert (told["not_listed"], told["found"]["records"], told["blast_radius"]) == (3, [], None)
    assert len(told["hypotheses"]) == 6
    assert (await change(http, Role.OPERATIONS, incident, from_evidence=True)).status_code == 201
    found = await listed(http, incident)
    assert [(one["id"], one["source"]) for one in found["records"]] == [
        (f"C-{number}", f"trace/{str(number) * 32}") for number in range(3)
    ]
    again = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/impact")).json()
    assert again["not_listed"] == 0
    earlier = (now - timedelta(days=3)).isoformat()
    stated = await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/impact", since=earlier)
    assert stated.json()["found"]["numbers"][0]["basis"] == "estimated"
    wrong = await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/impact", since="yesterday")
    assert wrong.status_code == 422


async def test_a_hypothesis_closes_with_evidence_that_is_there_and_with_no_other(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    about = {"hypothesis": "one_user", "finding": "ruled_out", "evidence": "input/recorder/input-1"}
    place = f"/v1/incidents/{incident}/declarations"
    body = {"kind": "hypothesis", "about": about, "reason": "three users wrote"}
    strange = {**body, "about": {**about, "evidence": "input/recorder/none"}}
    assert (await http.post(place, headers=bearer(Role.SECURITY), json=strange)).status_code == 422
    assert (await http.post(place, headers=bearer(Role.SECURITY), json=body)).status_code == 201
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/impact")).json()
    closed = next(one for one in told["hypotheses"] if one["hypothesis"] == "one_user")
    assert (closed["finding"], closed["evidence"], closed["person"]) == (
        "ruled_out",
        "input/recorder/input-1",
        "security-1",
    )


async def test_completeness_says_how_each_row_and_kind_stands_and_claims_no_absence(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/completeness")).json()
    assert (len(told["found"]["rows"]), len(told["found"]["kinds"])) == (24, 36)
    assert (told["found"]["captured"], told["found"]["required"], told["found"]["percent"]) == (1, 24, 4)
    assert "no evidence of tools" in told["said"]
