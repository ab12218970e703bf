"""Pages on which incidents are merged, parted, split and linked, and quality issues settled."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.console.access import TYING
from andon.domain.directory import STOPPING, Role
from andon.register.links import LinkKind
from andon.register.quality import IssueState
from tests.access import table
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import SAME, field, signed_in
from tests.console.test_quality import kept

LEAD = Role.INCIDENT_LEAD
WHY = "The same refund bug"


async def send(visitor: httpx.AsyncClient, place: str, **fields: str) -> httpx.Response:
    page = await visitor.get(place)
    typed = {"csrf": field(page.text, "csrf"), "reason": WHY, **fields}
    return await visitor.post(place, data=typed, headers=SAME)


async def confirm(visitor: httpx.AsyncClient, asked: httpx.Response) -> httpx.Response:
    """Press the button of the page that asks once more."""
    assert asked.status_code == 200, asked.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    action = re.search(r'<form method="post" action="([^"]+)"', asked.text[asked.text.index("<main") :])
    assert action
    return await visitor.post(action[1], data=fields, headers=SAME)


def test_who_may_is_as_the_table_says() -> None:
    assert (STOPPING, TYING) == (table.STOPPING, table.TYING)


async def test_a_merge_is_asked_about_once_more_then_taken_and_can_be_taken_back(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one, other = await opened(office, temporal), await opened(office, temporal)
    place = f"/incidents/{one}/links"
    async with signed_in(http, LEAD) as visitor:
        asked = await send(visitor, place, way="merge", into=other, key="merge-key-1")
        assert f"Merge {one} into {other}?" in asked.text
        assert (await office.until(one, lambda _: True)).merged_into is None
        taken = [await confirm(visitor, asked) for _ in range(2)]
        assert [answer.status_code for answer in taken] == [303, 303]
        await office.until(one, lambda view: view.merged_into == other)
        page = (await visitor.get(place)).text
        assert "Merged into" in page
        assert 'id="merge"' not in page
        back = await send(visitor, place, way="unmerge", key="unmerge-key-1")
        assert back.status_code == 303, back.text
        await office.until(one, lambda view: view.merged_into is None)


@pytest.mark.long
async def test_what_can_not_be_merged_says_why_and_keeps_what_was_typed(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one = await opened(office, temporal)
    async with signed_in(http, LEAD) as visitor:
        place = f"/incidents/{one}/links"
        asked = await send(visitor, place, way="merge", into="INC-20260101-000000", key="merge-key-2")
        refused = await confirm(visitor, asked)
        assert refused.status_code == 404
        empty = await send(visitor, place, way="merge", into="", key="merge-key-2")
        assert empty.status_code == 400
        assert "Choose what it is about" in empty.text
        assert WHY in empty.text


@pytest.mark.long
async def test_a_suggestion_is_declined_by_itself_and_who_did_so_is_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one, other = await opened(office, temporal), await opened(office, temporal)
    at = office.parts.now()
    office.queries.links.add(LinkKind.SUGGESTED, other, one, why="same_trace", at=at, by="andon")
    async with signed_in(http, Role.RESPONDER) as visitor:
        assert f"/incidents/{other}/links" in (await visitor.get("/quality")).text
        done = await send(visitor, f"/incidents/{one}/links", way="decline", other=other)
        assert done.status_code == 303, done.text
        assert "Is it the same as another one?" not in (await visitor.get(f"/incidents/{one}/links")).text
    suggested = (await Caller(http, LEAD).get("/v1/suggestions")).json()["suggestions"]
    assert one not in [pair["one"] for pair in suggested] + [pair["other"] for pair in suggested]
    looked = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{one}/access")).json()["entries"]
    said = [(entry["what"], entry["actor"], entry["item"]) for entry in looked]
    assert ("merge_declined", "person:responder-1", other) in said


@pytest.mark.long
async def test_two_are_linked_once_by_program_and_the_link_is_ended(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one, issue = await opened(office, temporal), (await kept(office)).id

    async def tie(role: Role, what: str, other: str = issue) -> httpx.Response:
        body: dict[str, Any] = {"tie": what, "other": other, "reason": WHY}
        return await http.post(f"/v1/incidents/{one}/links", headers=bearer(role), json=body)

    assert (await tie(Role.LEGAL, "link")).status_code == 403
    for _ in range(2):
        linked = await tie(LEAD, "link")
        assert [(link["kind"], link["ended_at"]) for link in linked.json()["links"]] == [("related", None)]
    assert [(await tie(LEAD, "link", wrong)).status_code for wrong in (one, "INC-20200101-zzzzzz")] == [
        422,
        404,
    ]
    assert (await tie(LEAD, "unlink")).json()["links"][0]["ended_by"] == "person:incident_lead-1"
    assert (await tie(LEAD, "unlink")).status_code == 409
    looked = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{one}/access")).json()["entries"]
    assert sorted(entry["what"] for entry in looked) == ["linked", "unlinked"]
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{one}/links")).text
        assert "Merging, parting, splitting and linking is for incident lead or responder." in page
        assert 'name="way"' not in page


@pytest.mark.long
async def test_a_quality_issue_is_settled_in_two_steps_by_those_who_may(
    office: Office, http: httpx.AsyncClient
) -> None:
    issue = await kept(office)
    place = f"/quality/{issue.id}"
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(place)).text
        assert "An issue is made an incident, or closed, by business owner" in page
        assert 'name="way"' not in page
    async with signed_in(http, Role.RESPONDER) as visitor:
        missing = await send(visitor, place, way="close", reason="")
        assert (missing.status_code, "Say why" in missing.text) == (400, True)
        asked = await send(visitor, place, way="close")
        assert f"Close {issue.id}?" in asked.text
        away = await confirm(visitor, asked)
        assert away.status_code == 503, "no door runs in this test, and the page says so"
        assert "nothing was changed" in away.text
        assert WHY in away.text
        office.queries.issues.settle(
            issue.id, IssueState.RESOLVED, at=office.parts.now(), by="person:legal-1", reason=None
        )
        late = await confirm(visitor, asked)
        assert (late.status_code, late.headers["location"]) == (303, place)
        assert "What becomes of it" not in (await visitor.get(place)).text
