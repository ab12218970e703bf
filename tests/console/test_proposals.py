"""Asking for a decision through the API: by role, with wrong input, twice, and with a text."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened

COUNSEL = {"kind": "external_counsel", "reason": "the regulator has called"}
STATEMENT = {"kind": "public_statement", "reason": "the press asks", "text": "We stopped it at 09:00."}


async def ask(
    http: httpx.AsyncClient, role: Role, incident: str, body: dict[str, Any], key: str | None = None
) -> httpx.Response:
    headers = bearer(role) | ({"Idempotency-Key": key} if key else {})
    return await http.post(f"/v1/incidents/{incident}/proposals", headers=headers, json=body)


async def entries(http: httpx.AsyncClient, incident: str, kind: Kind) -> list[dict[str, Any]]:
    page = await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger", limit=1000)
    return [one for one in page.json()["entries"] if one["kind"] == kind]


async def test_what_is_asked_for_is_put_to_those_who_decide(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    taken = await ask(http, Role.COMPLIANCE, incident, COUNSEL)
    assert taken.status_code == 201, taken.text
    assert taken.json()["decision"] == "external_counsel-1"
    assert taken.json()["url"].endswith(f"/incidents/{incident}/decisions/external_counsel-1")
    waiting = (await Caller(http, Role.LEGAL).get("/v1/decisions")).json()["decisions"]
    assert (incident, "external_counsel-1") in [(one["incident"], one["decision"]["id"]) for one in waiting]
    [entry] = await entries(http, incident, Kind.PROPOSED)
    assert (entry["actor"], entry["subject"]) == ("person:compliance-1", "external_counsel")
    answer = await Caller(http, Role.LEGAL).answer(incident, "external_counsel-1", "retain")
    assert answer.json()["outcome"] == "retain"


async def test_each_role_may_ask_for_exactly_what_the_policy_gives_it(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    rights = office.shelf.rights.rights
    checked = 0
    for role in frozenset(Role) - {Role.DETECTOR, Role.REPORTER}:
        told = (await Caller(http, role).get(f"/v1/incidents/{incident}/proposals")).json()["proposals"]
        wanted = {kind.value for kind, right in rights.items() if role in right.asked_by}
        assert {one["kind"] for one in told} == wanted, role
        assert all(one["title"] and one["question"] and one["options"] for one in told)
        checked += len(rights)
    assert checked == 16 * len(rights)


async def test_a_role_that_may_not_ask_is_refused_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for role, kind, refusal in (
        (Role.ENGINEER, "external_counsel", "wrong_role"),
        (Role.INCIDENT_LEAD, "restart", "not_for_the_asking"),
    ):
        refused = await ask(http, role, incident, {"kind": kind, "reason": "because"})
        assert refused.json()["refusal"] == refusal, refused.text
    found = await entries(http, incident, Kind.PROPOSAL_REFUSED)
    assert [(one["actor"], one["facts"]["refusal"]) for one in found] == [
        ("person:engineer-1", "wrong_role"),
        ("person:incident_lead-1", "not_for_the_asking"),
    ]


async def test_the_same_proposal_sent_twice_puts_one_question(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    first, again = [await ask(http, Role.COMPLIANCE, incident, COUNSEL, "the same key") for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    other = await ask(http, Role.COMPLIANCE, incident, COUNSEL, "another key")
    assert other.json()["refusal"] == "already_asked"
    assert len(await entries(http, incident, Kind.PROPOSED)) == 1


async def test_a_text_is_shown_word_for_word_to_those_who_decide_and_to_nobody_else(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    assert (await ask(http, Role.INCIDENT_LEAD, incident, STATEMENT)).status_code == 201
    for role, text in (
        (Role.LEGAL, STATEMENT["text"]),
        (Role.EXECUTIVE, STATEMENT["text"]),
        (Role.COMMUNICATIONS, STATEMENT["text"]),
        (Role.AUDITOR, STATEMENT["text"]),
        (Role.ENGINEER, None),
    ):
        told = (await Caller(http, role).get(f"/v1/incidents/{incident}")).json()
        [question] = [one for one in told["decisions"] if one["kind"] == "public_statement"]
        assert question["text"] == text, role
    history = await temporal.get_workflow_handle(f"incident/{incident}").fetch_history()
    assert "We stopped it at 09:00." not in history.to_json()


WRONG = [
    pytest.param({"kind": "king", "reason": "x"}, 400, id="no such kind"),
    pytest.param({"kind": "external_counsel"}, 400, id="no reason"),
    pytest.param({"kind": "external_counsel", "reason": " "}, 400, id="an empty reason"),
    pytest.param({**COUNSEL, "person": "eva"}, 400, id="an unknown field"),
    pytest.param({**COUNSEL, "text": "x" * 20_001}, 400, id="too long a text"),
    pytest.param({"kind": "public_statement", "reason": "x"}, 422, id="no text to decide on"),
    pytest.param({**COUNSEL, "about": {"severity": "low"}}, 422, id="a code that is not asked for"),
    pytest.param({"kind": "lead_transfer", "reason": "x", "about": {"to": "nobody"}}, 422, id="a stranger"),
    pytest.param({"kind": "lead_transfer", "reason": "x", "about": {"to": "legal-1"}}, 422, id="no leader"),
    pytest.param({"kind": "lead_transfer", "reason": "x"}, 422, id="nobody named"),
    pytest.param(
        {"kind": "clock_extension", "reason": "x", "about": {"decision": "restart-9", "hours": "4"}},
        404,
        id="more time for a question that is not open",
    ),
]


@pytest.mark.parametrize(("body", "status"), WRONG)
async def test_what_can_not_be_asked_for_is_told_why(
    office: Office, http: httpx.AsyncClient, temporal: Client, body: dict[str, Any], status: int
) -> None:
    incident = await opened(office, temporal)
    answer = await ask(http, Role.BUSINESS_OWNER, incident, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert await entries(http, incident, Kind.PROPOSED) == []


async def test_a_word_that_is_no_kind_is_answered_with_what_people_may_ask_for(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    told = (await ask(http, Role.BUSINESS_OWNER, incident, {"kind": "king", "reason": "x"})).json()["detail"]
    asked = {kind for kind, right in office.shelf.rights.rights.items() if right.asked_by}
    assert set(told.rpartition("use one of: ")[2].split(", ")) == asked
    assert asked < set(DecisionKind)


async def test_codes_are_offered_with_the_values_they_can_have_now(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    told = (await Caller(http, Role.INCIDENT_LEAD).get(f"/v1/incidents/{incident}/proposals")).json()
    about = {one["kind"]: one["about"] for one in told["proposals"]}
    assert about[DecisionKind.SEVERITY_DOWNGRADE] == {"severity": ["low", "medium"]}
    assert about[DecisionKind.LEAD_TRANSFER] == {"to": ["incident_lead-1", "business_owner-1"]}
    assert "triage-1" in about[DecisionKind.CLOCK_EXTENSION]["decision"]


async def test_the_lead_goes_to_whom_it_was_asked_for(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    body = {"kind": "lead_transfer", "reason": "end of shift", "about": {"to": "incident_lead-1"}}
    assert (await ask(http, Role.RESPONDER, incident, body)).status_code == 201
    await Caller(http, Role.BUSINESS_OWNER).answer(incident, "lead_transfer-1", "hand_over")
    await office.until(incident, lambda view: view.lead == "incident_lead-1")


async def test_nobody_asks_without_a_token_or_for_an_incident_that_is_not_there(
    office: Office, http: httpx.AsyncClient
) -> None:
    path = "/v1/incidents/INC-20200101-aaaaaa/proposals"
    assert (await http.post(path, json=COUNSEL)).status_code == 401
    assert (await http.post(path, json=COUNSEL, headers=bearer(Role.LEGAL))).status_code == 404
    waiting = await office.allot()
    early = await ask(http, Role.LEGAL, waiting.incident, COUNSEL)
    assert early.status_code == 503


async def test_what_nobody_else_could_decide_is_not_asked_and_says_who_is_missing(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    refused = await ask(http, Role.LEGAL, incident, COUNSEL)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:andon:problem:nobody-to-decide")
    assert "as legal" in refused.json()["detail"]
    assert "Let somebody else ask" in refused.json()["detail"]
    told = (await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/proposals")).json()["proposals"]
    lacking = {one["kind"]: one["lacking"] for one in told}
    assert lacking["external_counsel"] == [["legal"]]
    assert lacking["clock_extension"] == []
    assert await entries(http, incident, Kind.PROPOSED) == []
