"""Stating something on record through the API: by role, twice, with wrong input, and by a stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Absence, Directory, Role
from andon.domain.ledger import Kind
from tests.api.server import bearer
from tests.console.desk import Caller, Office, everybody, opened
from tests.console.test_proposals import entries

HAVE_IT = {"kind": "acknowledged", "reason": "I am on it"}


async def declare(
    http: httpx.AsyncClient, role: Role, incident: str, body: dict[str, Any], key: str | None = None
) -> httpx.Response:
    headers = bearer(role) | ({"Idempotency-Key": key} if key else {})
    return await http.post(f"/v1/incidents/{incident}/declarations", headers=headers, json=body)


async def test_the_owner_says_that_they_have_it_and_everybody_sees_who_does(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    before = (await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{incident}")).json()
    assert (before["owner"]["state"], before["owner"]["due"] is not None) == ("waited_for", True)
    taken = await declare(http, Role.BUSINESS_OWNER, incident, HAVE_IT)
    assert taken.status_code == 201, taken.text
    assert taken.json().items() >= {"incident": incident, "kind": "acknowledged", "about": {}}.items()
    after = (await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{incident}")).json()
    assert (after["owner"]["state"], after["owner"]["acknowledged_by"]) == ("in_hand", "business_owner-1")
    [entry] = await entries(http, incident, Kind.DECLARED)
    assert (entry["actor"], entry["subject"]) == ("person:business_owner-1", "acknowledged")
    directories = await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/directories")
    assert entry["digests"]["directory"] in directories.text
    history = await temporal.get_workflow_handle(f"incident/{incident}").fetch_history()
    assert HAVE_IT["reason"] not in history.to_json()


async def test_whoever_stands_in_for_the_owner_on_leave_says_it_in_their_role(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    now = datetime.now(UTC)
    away = Absence(since=now - timedelta(hours=1), until=now + timedelta(days=7))
    people = tuple(
        one.model_copy(update={"absences": (away,), "delegates": ("operations-1",)})
        if one.id == "business_owner-1"
        else one
        for one in everybody().people
    )
    office.queries.people.put_directory(Directory(people=people), now)
    incident = await opened(office, temporal)
    refused = await declare(http, Role.ENGINEER, incident, {**HAVE_IT, "role": "business_owner"})
    assert refused.json()["refusal"] == "role_not_held"
    taken = await declare(http, Role.OPERATIONS, incident, {**HAVE_IT, "role": "business_owner"})
    assert taken.status_code == 201, taken.text
    told = (await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{incident}")).json()
    assert told["owner"]["acknowledged_by"] == "operations-1"


async def test_the_same_declaration_sent_twice_under_a_key_counts_once(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    first, again = [
        await declare(http, Role.BUSINESS_OWNER, incident, HAVE_IT, "the same key") for _ in range(2)
    ]
    assert first.status_code == again.status_code == 201
    assert len(await entries(http, incident, Kind.DECLARED)) == 1


WRONG = [
    pytest.param({"kind": "king", "reason": "x"}, 400, id="no such kind"),
    pytest.param({"kind": "acknowledged"}, 400, id="no reason"),
    pytest.param({**HAVE_IT, "person": "eva"}, 400, id="an unknown field"),
    pytest.param({**HAVE_IT, "about": {"why": "a sentence here"}}, 400, id="a sentence for a code"),
    pytest.param({**HAVE_IT, "about": {"mood": "good"}}, 422, id="a code that is not asked for"),
    pytest.param({"kind": "merged", "reason": "x", "about": {"into": "INC-1"}}, 404, id="into nothing"),
]


@pytest.mark.parametrize(("body", "status"), WRONG)
async def test_what_can_not_be_declared_is_refused(
    office: Office, http: httpx.AsyncClient, temporal: Client, body: dict[str, Any], status: int
) -> None:
    incident = await opened(office, temporal)
    refused = await declare(http, Role.BUSINESS_OWNER, incident, body)
    assert refused.status_code == status, refused.text
