"""Reproducing an incident over the API: in the staging copy that the file names, on record, or not at all."""

from __future__ import annotations

import asyncio

import httpx
import pytest

import playbooks
from andon.domain.custody import AccessKind
from andon.domain.directory import Role
from andon.domain.ledger import Chain
from andon.domain.staging import Staging
from tests import fakes
from tests.api.server import bearer
from tests.console.desk import SYSTEM, Office

COPY = Staging.model_validate(
    {"url": "https://copy.example/tickets", "versions_url": "https://copy.example/versions"}
)


def copy_of(office: Office) -> fakes.MemoryStaging:
    assert isinstance(office.behind.staging, fakes.MemoryStaging)
    return office.behind.staging


def with_copy(office: Office, staging: Staging | None) -> None:
    shipped = playbooks.load_systems()[SYSTEM]
    office.queries.systems.put_system(shipped.model_copy(update={"staging": staging}))


async def asked(http: httpx.AsyncClient, incident: str, role: Role, **body: str) -> httpx.Response:
    return await http.post(f"/v1/incidents/{incident}/reproductions", headers=bearer(role), json=body)


async def test_an_engineer_has_the_input_sent_to_the_copy_and_that_is_on_record(
    office: Office, http: httpx.AsyncClient
) -> None:
    incident = (await office.allot()).incident
    with_copy(office, COPY)
    answer = await asked(http, incident, Role.ENGINEER, target="staging")
    assert (answer.status_code, answer.json()["state"]) == (201, "over")
    assert answer.json()["result"]["status"] == 200
    call = next(one for one in copy_of(office).asked if one.incident == incident)
    assert (call.system, call.asked_by, call.id) == (SYSTEM, "engineer-1", answer.json()["id"])
    entries = await asyncio.to_thread(office.parts.ledger.entries, incident, Chain.ACCESS)
    assert [(one.kind, one.actor, one.subject) for one in entries] == [
        (AccessKind.REPRODUCED, "person:engineer-1", call.id)
    ]


async def test_without_a_copy_in_the_file_nothing_is_sent(office: Office, http: httpx.AsyncClient) -> None:
    incident = (await office.allot()).incident
    with_copy(office, None)
    answer = await asked(http, incident, Role.SECURITY)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:andon:problem:no-staging")
    assert not [one for one in copy_of(office).asked if one.incident == incident]


async def test_production_is_no_target(office: Office, http: httpx.AsyncClient) -> None:
    incident = (await office.allot()).incident
    with_copy(office, COPY)
    assert (await asked(http, incident, Role.ENGINEER, target="production")).status_code == 400
    assert not [one for one in copy_of(office).asked if one.incident == incident]


@pytest.mark.parametrize("role", [Role.REPORTER, Role.LEGAL, Role.AUDITOR, Role.BUSINESS_OWNER])
async def test_others_may_not(office: Office, http: httpx.AsyncClient, role: Role) -> None:
    incident = (await office.allot()).incident
    assert (await asked(http, incident, role)).status_code == 403


async def test_a_copy_that_could_not_be_asked_is_a_result_too(
    office: Office, http: httpx.AsyncClient
) -> None:
    incident = (await office.allot()).incident
    with_copy(office, COPY)
    copy_of(office).away = True
    try:
        answer = await asked(http, incident, Role.INCIDENT_LEAD)
    finally:
        copy_of(office).away = False
    assert (answer.status_code, answer.json()["result"]["problem"]) == (201, "not_configured")
