"""Merging and parting incidents through the API."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.register.links import LinkKind
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import signed_in

LEAD = Role.INCIDENT_LEAD


async def declare(http: httpx.AsyncClient, incident: str, kind: str, **about: str) -> httpx.Response:
    body = {"kind": kind, "about": about, "reason": "The same refund bug"}
    return await http.post(f"/v1/incidents/{incident}/declarations", headers=bearer(LEAD), json=body)


async def told(http: httpx.AsyncClient, incident: str) -> dict[str, Any]:
    found: dict[str, Any] = (await Caller(http, LEAD).get(f"/v1/incidents/{incident}")).json()
    return found


async def aware(http: httpx.AsyncClient, incident: str) -> object:
    found = await told(http, incident)
    (at,) = [one["at"] for one in found["times"]["times"] if one["which"] == "aware"]
    return at


async def until_told(http: httpx.AsyncClient, incident: str, name: str, value: object) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while (found := await told(http, incident))[name] != value:
            await asyncio.sleep(0.05)
    return found


@pytest.mark.long
async def test_each_names_the_other_and_parting_them_stays_on_record(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one, other = await opened(office, temporal), await opened(office, temporal)
    at = office.parts.now()
    office.queries.links.add(LinkKind.SUGGESTED, one, other, why="same_trace", at=at, by="andon")
    done = await declare(http, one, "merged", into=other)
    assert done.status_code == 201, done.text
    shown = await until_told(http, one, "merged_into", other)
    assert not [asked for asked in shown["decisions"] if asked["state"] == "open"]
    assert (await until_told(http, other, "taken_in", [one]))["merged_into"] is None
    kinds = {link["kind"]: link["ended_at"] for link in shown["links"]}
    assert kinds["merged"] is None
    assert kinds["suggested"] is not None
    assert (await declare(http, one, "merged", into=other)).status_code == 409

    file = (await Caller(http, LEAD).get(f"/v1/incidents/{other}/file")).json()
    (kept,) = file["parts"]["evidence"]["merged"][one]
    (own,) = (await Caller(http, LEAD).get(f"/v1/incidents/{one}/file")).json()["parts"]["evidence"][
        "snapshots"
    ]
    assert kept == own
    earlier, later = [await aware(http, name) for name in (one, other)]
    assert earlier == later

    async with signed_in(http, LEAD) as visitor:
        led = await visitor.get(f"/incidents/{one}", follow_redirects=False)
        assert (led.status_code, led.headers["location"]) == (303, f"/incidents/{other}")
        assert "was merged into" in (await visitor.get(f"/incidents/{one}?own=1")).text
        assert "It decides also for" in (await visitor.get(f"/incidents/{other}")).text

    assert (await declare(http, one, "unmerged")).status_code == 201
    assert (await until_told(http, other, "taken_in", []))["links"][-1][
        "ended_by"
    ] == "person:incident_lead-1"
    await until_told(http, one, "merged_into", None)
    again = await declare(http, one, "merged", into=other)
    assert again.status_code == 201, again.text
    await until_told(http, other, "taken_in", [one])


async def test_what_can_not_be_merged_or_split_is_refused_and_says_why(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    one = await opened(office, temporal)
    waiting = (await office.allot()).incident
    nowhere = await declare(http, one, "merged", into="INC-20260101-000000")
    early = await declare(http, one, "merged", into=waiting)
    itself = await declare(http, one, "merged", into=one)
    strange = await declare(http, one, "split", detection="DET-nobody")
    assert [one.status_code for one in (nowhere, early, strange)] == [404, 409, 404]
    assert itself.status_code == 422
    assert "not open" in early.json()["detail"]
