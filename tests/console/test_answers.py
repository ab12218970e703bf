"""Answers through the API: delivered to the real workflow, judged there, told to whoever sent them."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.response import Statement, read_statement
from andon.domain.signing import Envelope
from andon.domain.values import digest_of
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened

TRIAGE = "triage-1"


async def test_an_answer_that_counts_is_taken_and_shown_with_its_statement(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    answer = await Caller(http, Role.RESPONDER).answer(
        incident, TRIAGE, "confirm", findings={"severity": "high"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"]
    assert not answer.json()["late"]
    assert answer.json()["outcome"] == "confirm"
    shown = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}")).json()
    triage = next(one for one in shown["decisions"] if one["id"] == TRIAGE)
    assert triage["state"] == "settled"
    assert triage["responses"][0]["statement"] == answer.json()["statement"]
    assert digest_of(triage["request"]) == triage["digest"]


async def test_the_statement_says_what_was_shown_and_holds_against_the_trust_file(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    lead = Caller(http, Role.INCIDENT_LEAD)
    digest = (await lead.answer(incident, TRIAGE, "confirm")).json()["statement"]
    trust = (await lead.get("/v1/trust")).json()
    envelope = Envelope.model_validate(
        (await lead.get(f"/v1/incidents/{incident}/statements/{digest}")).json()
    )
    assert envelope.digest() == digest
    statement = read_statement(envelope, trust)
    assert statement.person == "incident_lead-1"
    shown = (await lead.get(f"/v1/policies/{statement.shown}")).json()
    assert digest_of(shown) == statement.shown
    assert shown["question"].startswith("A detection was taken in")
    directories = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/directories")).json()
    assert digest_of(directories[statement.standing.directory_digest]) == statement.standing.directory_digest


REFUSED = [
    pytest.param(Role.HR, "confirm", {}, 403, "wrong_role", id="a role that is not asked"),
    pytest.param(Role.DETECTOR, "confirm", {}, 403, "wrong_role", id="a detector"),
    pytest.param(
        Role.HR, "confirm", {"role": "responder"}, 403, "role_not_held", id="a role the person does not hold"
    ),
    pytest.param(Role.RESPONDER, "confrim", {}, 422, "unknown_option", id="a mistyped option"),
    pytest.param(
        Role.RESPONDER,
        "confirm",
        {"findings": {"colour": "red"}},
        422,
        "unknown_finding",
        id="a strange finding",
    ),
]


@pytest.mark.parametrize(("role", "option", "more", "status", "refusal"), REFUSED)
async def test_an_answer_without_effect_is_refused_with_its_reason_and_recorded(
    office: Office,
    http: httpx.AsyncClient,
    temporal: Client,
    *,
    role: Role,
    option: str,
    more: dict[str, Any],
    status: int,
    refusal: str,
) -> None:
    incident = await opened(office, temporal)
    answer = await Caller(http, role).answer(incident, TRIAGE, option, **more)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["refusal"] == refusal
    entries = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/ledger")).json()["entries"]
    refused = [entry for entry in entries if entry["kind"] == "response_refused"]
    assert [entry["facts"]["refusal"] for entry in refused] == [refusal]


async def test_a_second_answer_of_the_same_person_is_refused(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    responder = Caller(http, Role.RESPONDER)
    assert (await responder.answer(incident, TRIAGE, "false_positive")).json()["outcome"] is None
    again = await responder.answer(incident, TRIAGE, "false_positive")
    assert (again.status_code, again.json()["refusal"]) == (409, "twice")


async def test_a_question_that_does_not_exist_is_refused_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    answer = await Caller(http, Role.RESPONDER).answer(incident, "triage-9", "confirm")
    assert (answer.status_code, answer.json()["refusal"]) == (404, "unknown_decision")
    view = await office.until(incident, lambda view: view.refused)
    assert view.refused == 1


async def test_an_unknown_incident_is_not_found(office: Office, http: httpx.AsyncClient) -> None:
    answer = await Caller(http, Role.RESPONDER).answer("INC-20200101-aaaaaa", TRIAGE, "confirm")
    assert answer.status_code == 404
    assert "refusal" not in answer.json()


async def test_the_same_answer_under_the_same_key_counts_once(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    responder = Caller(http, Role.RESPONDER)
    first, second = await asyncio.gather(
        *(responder.answer(incident, TRIAGE, "false_positive", key="one-and-the-same") for _ in range(2))
    )
    third = await responder.answer(incident, TRIAGE, "false_positive", key="one-and-the-same")
    assert [one.status_code for one in (first, second, third)] == [200, 200, 200]
    view = await office.until(incident, lambda view: view.decisions[0].accepted)
    assert len(view.decisions[0].accepted) == 1
    assert view.refused == 0


async def test_another_answer_under_a_used_key_is_judged_on_its_own(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    responder = Caller(http, Role.RESPONDER)
    await responder.answer(incident, TRIAGE, "false_positive", key="a-key-used-twice")
    other = await responder.answer(incident, TRIAGE, "confirm", key="a-key-used-twice")
    assert (other.status_code, other.json()["refusal"]) == (409, "twice")


async def test_an_emitted_statement_counts_when_it_is_delivered_by_signal(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    emitted = await Caller(http, Role.SECURITY).answer(incident, TRIAGE, "confirm", emit=True)
    assert emitted.status_code == 200
    statement = Statement.model_validate_json(base64.b64decode(emitted.json()["payload"]))
    assert statement.decision == TRIAGE
    row = office.queries.incidents.get(incident)
    assert row is not None
    assert row.view is not None
    assert not row.view.decisions[0].accepted
    handle = temporal.get_workflow_handle(f"incident/{incident}")
    await handle.signal("respond_signal", json.loads(emitted.text))
    view = await office.until(incident, lambda view: view.decisions[0].outcome)
    assert view.decisions[0].accepted[0].person == "security-1"


async def test_a_reason_never_reaches_temporal_or_the_ledger_in_clear(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await Caller(http, Role.RESPONDER).answer(incident, TRIAGE, "confirm", reason="the-words-of-a-person")
    auditor = Caller(http, Role.AUDITOR)
    history = (await auditor.get(f"/v1/incidents/{incident}/history")).json()
    assert history["events"][0]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    payloads = [base64.b64decode(found) for event in history["events"] for found in _strings(event, "data")]
    assert payloads
    assert not any(b"the-words-of-a-person" in payload for payload in payloads)
    ledger = await auditor.get(f"/v1/incidents/{incident}/ledger", statements=True)
    assert "the-words-of-a-person" not in ledger.text


def _strings(value: object, name: str) -> list[str]:
    if isinstance(value, dict):
        own = [value[name]] if isinstance(value.get(name), str) else []
        return own + [found for one in value.values() for found in _strings(one, name)]
    if isinstance(value, list):
        return [found for one in value for found in _strings(one, name)]
    return []


BAD_BODIES = [
    pytest.param(b"{", id="no JSON"),
    pytest.param(b'{"option": "confirm"}', id="no reason"),
    pytest.param(b'{"option": "confirm", "reason": " "}', id="an empty reason"),
    pytest.param(b'{"option": "confirm", "reason": "x", "person": "eva"}', id="an unknown field"),
    pytest.param(b'{"option": "confirm", "reason": "x", "role": "king"}', id="an unknown role"),
    pytest.param(b'{"option": "confirm", "reason": "x", "findings": {"a": {"b": 1}}}', id="nested findings"),
]


@pytest.mark.parametrize("body", BAD_BODIES)
async def test_a_body_that_cannot_be_read_is_refused_and_not_delivered(
    office: Office, http: httpx.AsyncClient, body: bytes
) -> None:
    opening = await office.allot()
    answer = await http.post(
        f"/v1/incidents/{opening.incident}/decisions/{TRIAGE}/responses",
        content=body,
        headers=bearer(Role.RESPONDER),
    )
    assert answer.status_code == 400
    assert answer.json()["detail"]


async def test_an_incident_that_has_not_begun_asks_for_the_answer_again(
    office: Office, http: httpx.AsyncClient
) -> None:
    opening = await office.allot()
    answer = await Caller(http, Role.RESPONDER).answer(opening.incident, TRIAGE, "confirm")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_a_closed_incident_takes_no_more_answers(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for role in (Role.RESPONDER, Role.SECURITY):
        await Caller(http, role).answer(incident, TRIAGE, "false_positive")
    await asyncio.wait_for(temporal.get_workflow_handle(f"incident/{incident}").result(), 20)
    late = await Caller(http, Role.OPERATIONS).answer(incident, TRIAGE, "confirm")
    assert late.status_code == 409
    file = await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}/file")
    shown = await Caller(http, Role.LEGAL).get(f"/v1/incidents/{incident}")
    assert digest_of(file.json()) == shown.json()["file"]
