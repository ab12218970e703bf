"""What is watched is shown with its last looks; what users are told is drafted, and published by who may."""

from __future__ import annotations

from datetime import timedelta

import httpx
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.watch import LookKept
from tests.api.server import bearer
from tests.console.desk import Office
from tests.console.test_pages import signed_in
from tests.console.test_releasing import released


async def test_the_page_and_the_api_say_what_was_seen_last_and_what_could_not_be_read(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await released(office, temporal, step=3)
    at = office.parts.now() - timedelta(seconds=30)
    looks = [
        LookKept(name="versions", saw="as_approved", at=at),
        LookKept(name="errors", saw="within", value=2, most=5, at=at),
        LookKept(name="complaints", saw="unreadable", why="unreachable", most=3, unread=4, at=at),
    ]
    office.parts.watches.keep(incident, 1, looks)
    told = (await http.get(f"/v1/incidents/{incident}/watch", headers=bearer(Role.RESPONDER))).json()
    assert told["watching"] is True
    assert told["without_a_number"] == ["complaints"]
    async with signed_in(http, Role.RESPONDER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
    assert "within its limits: 2" in page
    assert "could not be read (unreachable), 4 times in a row" in page
    assert "at most 5" in page


async def test_nothing_is_drafted_before_there_is_a_restart_to_explain(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await released(office, temporal, step=3)
    told = (await http.get(f"/v1/incidents/{incident}/explanation", headers=bearer(Role.LEGAL))).json()
    assert told == {"incident": incident, "draft": None, "published": None, "published_at": None}
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}/explain")).text
    assert "There is nothing to explain yet" in page


async def test_the_list_of_systems_says_how_each_is_used(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    await released(office, temporal, step=3)
    listed = (await http.get("/v1/systems", headers=bearer(Role.RESPONDER))).json()["systems"]
    assert {one["use"]["use"] for one in listed} <= {"running", "limited", "stopped"}
