"""Tasks through API and pages: whose they are, what is shown with them, and how they are closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client

from andon.domain.directory import Directory, Person, Role
from andon.domain.ledger import Kind
from tests.api.server import bearer
from tests.console.desk import Caller, Office, everybody, opened
from tests.console.test_declarations import declare
from tests.console.test_pages import field, signed_in
from tests.console.test_proposals import entries

DONE = {"kind": "task", "about": {"task": "keep_the_service_going-1", "state": "done"}, "reason": "by hand"}


async def tasks(http: httpx.AsyncClient, reader: Role, incident: str, **query: Any) -> list[dict[str, Any]]:
    answer = await Caller(http, reader).get(f"/v1/incidents/{incident}/tasks", **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tasks"]
    return found


async def test_each_function_sees_its_tasks_with_what_it_needs_in_the_moment(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    everything = {one["code"]: one for one in await tasks(http, Role.RESPONDER, incident)}
    rules = office.shelf.rights.tasks
    assert {code: one["role"] for code, one in everything.items()} == {
        code: rules[code].role.value for code in everything
    }
    assert everything["secure_what_is_not_captured"]["role"] == "security"
    shown = [(one["shows"], one["path"]) for one in everything["secure_what_is_not_captured"]["shows"]]
    assert ("logs", f"/incidents/{incident}/evidence") in shown
    assert all(one["title"] and one["ask"] and one["shows"] for one in everything.values())
    [mine] = await tasks(http, Role.OPERATIONS, incident, mine=True)
    assert (mine["code"], mine["acting"], mine["due"] is not None) == (
        "keep_the_service_going",
        "operations",
        True,
    )
    assert [one["code"] for one in await tasks(http, Role.LEGAL, incident, role="operations")] == [
        mine["code"]
    ]
    waiting = (await Caller(http, Role.OPERATIONS).get("/v1/me/tasks")).json()["tasks"]
    assert (incident, mine["id"]) in [(one["incident"], one["id"]) for one in waiting]


async def test_a_task_is_closed_by_its_function_and_by_nobody_else(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    refused = await declare(http, Role.ENGINEER, incident, DONE)
    assert (refused.status_code, refused.json()["refusal"]) == (403, "wrong_role")
    assert (await declare(http, Role.OPERATIONS, incident, DONE)).status_code == 201
    [task] = await tasks(http, Role.LEGAL, incident, role="operations")
    assert (task["state"], task["closed_by"]) == ("done", "operations-1")
    again = await declare(http, Role.OPERATIONS, incident, DONE)
    assert (again.status_code, again.json()["refusal"]) == (409, "already_so")
    waiting = (await Caller(http, Role.OPERATIONS).get("/v1/me/tasks")).json()["tasks"]
    assert incident not in [one["incident"] for one in waiting]


async def test_the_owner_takes_it_in_hand_with_one_button_that_is_gone_then(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.BUSINESS_OWNER) as owner:
        page = (await owner.get(f"/incidents/{incident}")).text
        assert "I have it" in page
        form = {"csrf": field(page, "csrf"), "key": field(page, "key")}
        taken = await owner.post(f"/incidents/{incident}/acknowledgement", data=form)
        assert taken.status_code == 303
        await office.until(incident, lambda view: view.acknowledgement)
        assert "I have it" not in (await owner.get(f"/incidents/{incident}")).text
    [entry] = await entries(http, incident, Kind.DECLARED)
    assert entry["actor"] == "person:business_owner-1"


async def test_somebody_else_sees_that_the_owner_is_waited_for_and_no_button(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
        assert "has not said yet that they have it" in page
        assert "I have it</button>" not in page


async def test_a_task_is_closed_on_its_page_and_what_was_typed_is_kept_if_it_is_not_taken(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    place = f"/incidents/{incident}/tasks/keep_the_service_going-1"
    async with signed_in(http, Role.OPERATIONS) as visitor:
        listed = (await visitor.get(f"/incidents/{incident}")).text
        assert place in listed
        assert "Keep the service going" in listed
        page = (await visitor.get(place)).text
        assert "What you need for it" in page
        form = {"csrf": field(page, "csrf"), "key": field(page, "key"), "reason": "Tickets go by hand"}
        wrong = await visitor.post(place, data={**form, "state": "nearly"})
        assert wrong.status_code == 400
        assert "Tickets go by hand" in wrong.text
        assert (await visitor.post(place, data={**form, "state": "cannot"})).status_code == 303
        await office.until(incident, lambda view: any(not one.open and one.closed_by for one in view.tasks))
        after = (await visitor.get(place)).text
        assert "Tickets go by hand" not in after
    [entry] = await entries(http, incident, Kind.DECLARED)
    assert entry["facts"]["state"] == "cannot"


async def test_the_page_of_a_task_that_is_somebody_elses_has_no_form(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}/tasks/keep_the_service_going-1")).text
        assert "This is for Operations, or whoever leads the incident." in page
        assert "<textarea" not in page
        assert (await visitor.get(f"/incidents/{incident}/tasks/none-1")).status_code == 404


async def test_a_suspended_lead_is_an_alert_on_the_page_and_an_executive_is_told(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    owner = Person(id="bela", name="Bela", roles=(Role.BUSINESS_OWNER,))
    office.queries.people.put_directory(
        Directory(people=(*everybody().people, owner)), datetime.now(UTC) - timedelta(minutes=1)
    )
    incident = await opened(office, temporal)
    await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")
    async with signed_in(http, Role.RESPONDER) as visitor:
        assert "Nobody leads this incident" not in (await visitor.get(f"/incidents/{incident}")).text
        suspended = await http.post(
            "/v1/directory/people/bela/suspend", headers=bearer(Role.ADMIN), json={"reason": "has left"}
        )
        assert suspended.status_code == 200, suspended.text
        assert "Nobody leads this incident" in (await visitor.get(f"/incidents/{incident}")).text
    await office.until(incident, lambda view: view.lead_gone)
    [entry] = await entries(http, incident, Kind.LEAD_MISSING)
    assert entry["subject"] == "bela"
    told = (await Caller(http, Role.RESPONDER).get(f"/v1/incidents/{incident}")).json()
    assert told["leaderless"]
