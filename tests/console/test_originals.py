"""Originals: who is given one, on record before a byte is sent, at each severity."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from andon.domain.custody import AccessKind
from andon.domain.directory import Role
from andon.domain.ledger import Chain, Entry
from andon.domain.severity import Band
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_pages import signed_in

ITEM = "input/recorder/input-1"
BY_ROLE = {
    Band.LOW: {Role.SECURITY, Role.PRIVACY, Role.INCIDENT_LEAD, Role.ENGINEER},
    Band.MEDIUM: {Role.SECURITY, Role.PRIVACY, Role.INCIDENT_LEAD, Role.ENGINEER},
    Band.HIGH: {Role.SECURITY, Role.PRIVACY},
    Band.CRITICAL: set(),
}
NEVER_IN = {Role.DETECTOR, Role.REPORTER}


async def preserved(office: Office, temporal: Client, severity: Band = Band.HIGH) -> str:
    """Return an incident with one preserved item."""
    incident = await opened(office, temporal, severity=severity)
    await office.until(incident, lambda view: view.seals)
    return incident


async def wanted(http: httpx.AsyncClient, incident: str, role: Role, item: str = ITEM) -> httpx.Response:
    return await http.post(
        f"/v1/incidents/{incident}/originals",
        headers=bearer(role),
        json={"item": item, "reason": "to see what the model was told"},
    )


async def chain(office: Office, incident: str) -> list[Entry]:
    return await asyncio.to_thread(office.parts.ledger.entries, incident, Chain.ACCESS)


@pytest.mark.parametrize("severity", Band)
async def test_by_role_alone_an_original_is_given_to_few_and_at_critical_to_nobody(
    office: Office, http: httpx.AsyncClient, temporal: Client, severity: Band
) -> None:
    incident = await preserved(office, temporal, severity)
    given: set[Role] = set()
    for role in Role:
        answer = await wanted(http, incident, role)
        if answer.status_code == 201:
            given.add(role)
        elif role in NEVER_IN:
            assert answer.status_code == 403
        else:
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:andon:problem:needs-decision")
    assert given == BY_ROLE[severity]
    told = [(one.kind, one.facts["role"]) for one in await chain(office, incident)]
    assert sorted(told) == sorted(
        (AccessKind.READ_RAW if role in given else AccessKind.RAW_REFUSED, role.value)
        for role in Role
        if role not in NEVER_IN
    )


async def test_an_original_is_on_record_before_it_can_be_had_and_can_be_had_once(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    offered = (await wanted(http, incident, Role.SECURITY)).json()
    (entry,) = await chain(office, incident)
    assert (entry.kind, entry.actor, entry.subject, entry.after) == (
        "read_raw",
        "person:security-1",
        ITEM,
        "role:security",
    )
    assert f"ledger/{incident}/access/00000000.jsonl" in office.behind.memory.contents
    assert entry.reason is not None
    sealed = await asyncio.to_thread(office.parts.kept_texts.with_digest, incident, entry.reason)
    assert b"model was told" not in sealed.stored
    place = httpx.URL(offered["url"]).path
    got = await http.get(place)
    assert (got.status_code, got.content) == (200, b"{}")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in got.headers["content-security-policy"]
    assert (await http.get(place)).status_code == 404


async def test_without_a_record_there_is_no_original(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    place = f"ledger/{incident}/access/00000000.jsonl"
    # Something else stands where the entry would go: locked storage refuses it.
    await office.behind.memory.put(place, b"other", content_type="text/plain")
    answer = await wanted(http, incident, Role.SECURITY)
    assert answer.status_code == 500
    assert "url" not in answer.text


@pytest.mark.long
async def test_what_was_recorded_and_not_handed_out_can_be_asked_for_again_and_is_on_record_again(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    stored = office.behind.memory.contents
    place = httpx.URL((await wanted(http, incident, Role.SECURITY)).json()["url"]).path
    away = {key: stored.pop(key) for key in list(stored) if key.startswith(f"evidence/{incident}/")}
    assert (await http.get(place)).status_code >= 400, "cut off between the record and the bytes"
    stored.update(away)
    assert (await http.get(place)).status_code == 404, "an address is good once, whatever came of it"
    again = (await wanted(http, incident, Role.SECURITY)).json()
    got = await http.get(httpx.URL(again["url"]).path)
    assert (got.status_code, got.content) == (200, b"{}")
    entries = await chain(office, incident)
    assert [one.kind for one in entries] == [AccessKind.READ_RAW] * 2
    assert again["sequence"] == entries[-1].sequence


async def test_what_does_not_exist_is_refused_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    assert (await wanted(http, incident, Role.SECURITY, "input/recorder/none")).status_code == 404
    (entry,) = await chain(office, incident)
    assert (entry.kind, entry.after) == ("raw_refused", "no_such_item")


async def test_at_critical_two_roles_open_named_items_to_whoever_asked_for_a_day(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal, Band.CRITICAL)
    evidence = (await http.get(f"/v1/incidents/{incident}/evidence", headers=bearer(Role.PRIVACY))).json()
    digest = next(one["sha256"] for one in evidence["items"] if one["id"] == ITEM)
    body = {"kind": "raw_evidence", "reason": "a data subject asks", "about": {"items": digest[:16]}}
    asked = await http.post(f"/v1/incidents/{incident}/proposals", headers=bearer(Role.PRIVACY), json=body)
    assert asked.status_code == 201, asked.text
    question = asked.json()["decision"]
    for role, after in ((Role.LEGAL, 403), (Role.SECURITY, 201)):
        answer = await http.post(
            f"/v1/incidents/{incident}/decisions/{question}/responses",
            headers=bearer(role),
            json={"option": "release", "reason": "it is needed"},
        )
        assert answer.status_code == 200, answer.text
        assert (await wanted(http, incident, Role.PRIVACY)).status_code == after
    offered = (await wanted(http, incident, Role.PRIVACY)).json()
    assert offered["authority"] == f"decision:{question}"
    assert (await wanted(http, incident, Role.ENGINEER)).status_code == 403
    view = await office.until(incident, lambda view: view.granted)
    assert view.granted["privacy-1"] <= datetime.now(UTC) + timedelta(hours=24)


@pytest.mark.parametrize("about", [{}, {"items": ""}, {"items": "abc"}, {"items": "everything"}])
async def test_a_decision_that_names_no_items_is_not_put(
    office: Office, http: httpx.AsyncClient, temporal: Client, about: dict[str, str]
) -> None:
    incident = await opened(office, temporal)
    body = {"kind": "raw_evidence", "reason": "to look", "about": about}
    asked = await http.post(f"/v1/incidents/{incident}/proposals", headers=bearer(Role.PRIVACY), json=body)
    assert asked.status_code == 422, asked.text


async def test_the_page_offers_an_original_once(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    async with signed_in(http, Role.SECURITY) as visitor:
        page = await visitor.get(f"/incidents/{incident}/custody")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "item": ITEM, "reason": "to see it"}
        offered = await visitor.post(f"/incidents/{incident}/originals", data=form)
        assert "An original, once" in offered.text
        assert "the role security" in offered.text
