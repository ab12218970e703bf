"""What the API tells of incidents, systems, evidence and ledgers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from andon.domain.containment import Hold
from andon.domain.directory import Role
from andon.domain.ledger import Entry, verify_chain
from andon.domain.severity import Band
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened

LEAD = Role.INCIDENT_LEAD
MANY = 60
"""More than one page of a list."""


async def test_an_incident_is_told_whole(office: Office, http: httpx.AsyncClient, temporal: Client) -> None:
    incident = await opened(office, temporal)
    told = (await Caller(http, LEAD).get(f"/v1/incidents/{incident}")).json()
    assert told["title"] == "Refunds go to other accounts"
    assert told["url"] == f"http://localhost:8700/incidents/{incident}"
    assert (told["severity"], told["fired_rules"]) == ("high", ["H9"])
    assert told["reasons"][0]["why"].startswith("An AI system that can act")
    assert told["contained"]
    assert {one["state"] for one in told["orders"]} == {"proven"}
    assert all(one["proof"]["held"] for one in told["orders"])
    triage = next(one for one in told["decisions"] if one["kind"] == "triage")
    assert triage["title"] == "Is this an incident?"
    assert [one["id"] for one in triage["options"]] == ["confirm", "false_positive", "quality_issue"]
    assert triage["options"][1]["needs"] == [[], []]
    assert triage["deadline"]
    assert told["evidence"]["items"] == 1
    assert len(told["evidence"]["gaps"]) == 23
    assert 0.9 < told["evidence"]["missing_log_rate"] < 1
    assert told["gate"] is None
    assert told["heads"]["workflow"]["length"] <= told["heads"]["response"]["length"]
    assert told["temporal"]["workflow_id"] == f"incident/{incident}"
    assert told["temporal"]["url"].endswith(f"/workflows/incident%2F{incident}")


async def test_an_incident_whose_workflow_has_not_begun_is_told_with_what_the_door_knew(
    office: Office, http: httpx.AsyncClient
) -> None:
    opening = await office.allot()
    told = (await Caller(http, LEAD).get(f"/v1/incidents/{opening.incident}")).json()
    assert (told["version"], told["stage"], told["contained"]) == (0, "detect", False)
    assert told["orders"] == told["decisions"] == []
    assert told["reasons"][0]["rule"] == "H9"


async def test_the_ledger_is_handed_out_in_pages_that_hold_together(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    entries: list[Entry] = []
    after = None
    while True:
        query = {"limit": 5} | ({"after": after} if after is not None else {})
        page = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger", **query)).json()
        entries += [Entry.model_validate(one) for one in page["entries"]]
        after = page["next"]
        if after is None:
            break
    assert verify_chain(entries).digest == page["head"]["digest"]
    assert len(entries) > 5


async def test_evidence_is_told_with_its_manifest_and_gaps(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/evidence")).json()
    assert [one["kind"] for one in told["items"]] == ["input"]
    assert len(told["manifests"]) == 1
    assert {one["reason"] for one in told["gaps"]} <= {"not_configured", "late", "empty"}


async def test_a_list_is_filtered_and_paged(office: Office, http: httpx.AsyncClient) -> None:
    own = office.alone()
    plan = office.plan(own)
    made = [(await office.allot(severity=Band.LOW, plan=plan)).incident for _ in range(3)]
    asked = {"severity": "low", "system": own.id, "limit": 2}
    first = (await Caller(http, LEAD).get("/v1/incidents", **asked)).json()
    second = (await Caller(http, LEAD).get("/v1/incidents", **asked, before=first["next"])).json()
    assert [one["id"] for one in first["incidents"] + second["incidents"]] == made[::-1]
    assert second["next"] is None
    assert (await Caller(http, LEAD).get("/v1/incidents", severity="dreadful")).status_code == 400


async def test_what_is_asked_of_a_role_is_listed_until_it_has_answered(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)

    async def asked(role: Role) -> list[str]:
        told = (await Caller(http, role).get("/v1/decisions")).json()["decisions"]
        return [one["decision"]["id"] for one in told if one["incident"] == incident]

    assert await asked(Role.OPERATIONS) == ["triage-1"]
    assert await asked(Role.LEGAL) == ["legal_review-1"]
    assert await asked(Role.HR) == []
    await Caller(http, Role.OPERATIONS).answer(incident, "triage-1", "false_positive")
    assert await asked(Role.OPERATIONS) == []
    assert await asked(Role.SECURITY) == ["triage-1"]


async def test_what_runs_out_first_is_asked_first(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    await opened(office, temporal, severity=Band.HIGH)
    await opened(office, temporal, severity=Band.CRITICAL)
    told = (await Caller(http, Role.RESPONDER).get("/v1/decisions")).json()["decisions"]
    deadlines = [one["decision"]["deadline"] for one in told]
    assert deadlines == sorted(deadlines)
    assert len(deadlines) >= 2


async def test_systems_are_told_with_the_holds_in_force(office: Office, http: httpx.AsyncClient) -> None:
    at = datetime.now(UTC)
    lever = "refund_desk.tool.issue_refund.allowed"
    hold = Hold(
        order="INC-20200101-aaaaaa/order/1",
        incident="INC-20200101-aaaaaa",
        lever=lever,
        limit=0,
        reason="unauthorised_tool_action",
        contact="bela",
        since=at,
        expires_at=at + timedelta(days=7),
    )
    office.queries.switches.put_hold(hold, "INC-20200101-aaaaaa/order/1/apply", None, at=at)
    told = (await Caller(http, Role.REPORTER).get("/v1/systems")).json()["systems"]
    desk = next(one for one in told if one["id"] == "refund_desk")
    assert (desk["tier"], desk["business_owner"]) == ("high", "bela")
    assert [one["lever"] for one in desk["holds"]] == [lever]
    assert [one["id"] for one in desk["levers"] if one["held"]] == [lever]
    office.queries.switches.release(hold.order, f"{hold.order}/release", at=at)


async def test_me_says_whom_a_token_stands_for(http: httpx.AsyncClient) -> None:
    told = (await Caller(http, Role.AUDITOR).get("/v1/me")).json()
    assert told == {
        "person": "auditor-1",
        "name": "The auditor",
        "role": "auditor",
        "roles": ["auditor"],
        "zone": "UTC",
    }


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/incidents/INC-1", "/v1/incidents/x/ledger"])
async def test_what_is_not_there_is_a_problem_in_json(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, headers=bearer(LEAD))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_description_of_the_api_holds_together(http: httpx.AsyncClient) -> None:
    told = await http.get("/v1/openapi.json", headers=bearer(LEAD))
    schemas = told.json()["components"]["schemas"]
    assert "ResponseBody" in schemas
    named = {part.split('"')[0] for part in told.text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)


async def test_every_open_incident_is_looked_through_however_many_there_are(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    row = office.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    made = [row.view.model_copy(update={"incident": f"INC-20200101-{number:06d}"}) for number in range(MANY)]
    for view in made:
        office.queries.incidents.show(view)
    told = await Caller(http, Role.RESPONDER).get("/v1/decisions")
    assert len(told.json()["decisions"]) >= MANY
    for view in made:
        ended = view.model_copy(update={"closed_at": datetime.now(UTC), "version": view.version + 1})
        office.queries.incidents.show(ended)
