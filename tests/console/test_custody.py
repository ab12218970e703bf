"""What people say of holds and erasures: who may, in which order, and what is refused on record."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.domain.directory import Role
from andon.domain.ledger import Chain
from andon.domain.severity import Band
from andon.register.custody import Cause
from tests.api.server import bearer
from tests.console.desk import Office, opened
from tests.console.test_originals import ITEM, preserved
from tests.console.test_pages import signed_in


async def said(http: httpx.AsyncClient, path: str, role: Role, **body: Any) -> httpx.Response:
    return await http.post(
        f"/v1/incidents/{path}", headers=bearer(role), json={"reason": "a court has asked for it", **body}
    )


async def told(office: Office, incident: str) -> list[tuple[str, str, str]]:
    entries = await asyncio.to_thread(office.parts.ledger.entries, incident, Chain.ACCESS)
    return [(one.kind, one.actor.removeprefix("person:"), one.after) for one in entries]


async def test_one_word_of_legal_holds_the_store_and_the_ai_system(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    assert (await said(http, f"{incident}/hold", Role.ENGINEER, hold=True)).status_code == 403
    held = (await said(http, f"{incident}/hold", Role.LEGAL, hold=True)).json()
    assert (held["wanted"], held["cause"], held["person"]) == (True, "legal", "legal-1")
    await office.until(incident, lambda view: view.evidence_hold)
    assert (await said(http, f"{incident}/hold", Role.LEGAL, hold=True)).status_code == 409
    lifted = (await said(http, f"{incident}/hold", Role.LEGAL, hold=False)).json()
    assert lifted["wanted"] is False
    await office.until(incident, lambda view: view.evidence_hold is None)
    assert await told(office, incident) == [
        ("hold_refused", "engineer-1", "wrong_role"),
        ("hold_asked", "legal-1", ""),
        ("hold_refused", "legal-1", "already_so"),
        ("hold_lift_asked", "legal-1", ""),
    ]


async def test_what_the_severity_holds_legal_lifts_without_a_word_of_the_workflow(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal, severity=Band.CRITICAL)
    assert (await said(http, f"{incident}/hold", Role.LEGAL, hold=False)).status_code == 201
    hold = await asyncio.to_thread(office.parts.custody.holds.get, incident)
    assert hold is not None
    assert (hold.wanted, hold.cause) == (False, Cause.LEGAL)


async def test_an_erasure_takes_a_custodian_and_a_privacy_officer(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    path = f"{incident}/erasures"
    assert (await said(http, path, Role.SECURITY, items=[ITEM])).status_code == 403
    assert (await said(http, path, Role.PRIVACY, items=["input/none"])).status_code == 404
    assert (await said(http, path, Role.PRIVACY, everything=True)).status_code == 409
    asked = (await said(http, path, Role.PRIVACY, items=[ITEM])).json()
    confirming = f"{path}/{asked['id']}/confirmation"
    assert (await said(http, confirming, Role.PRIVACY)).json()["type"].endswith("same-person")
    assert (await said(http, confirming, Role.LEGAL)).status_code == 403
    assert (await said(http, confirming, Role.CUSTODIAN)).json()["state"] == "confirmed"
    assert (await said(http, confirming, Role.CUSTODIAN)).status_code == 409
    listed = (await http.get(f"/v1/incidents/{path}", headers=bearer(Role.AUDITOR))).json()["erasures"]
    assert [(one["asked_by"], one["confirmed_by"]) for one in listed] == [("privacy-1", "custodian-1")]
    assert [kind for kind, *_ in await told(office, incident)] == [
        "erasure_refused",
        "erasure_refused",
        "erasure_refused",
        "erasure_asked",
        "erasure_refused",
        "erasure_refused",
        "erasure_confirmed",
        "erasure_refused",
    ]


@pytest.mark.parametrize(("severity", "declared"), [(Band.CRITICAL, False), (Band.HIGH, True)])
async def test_what_is_held_is_not_erased(
    office: Office, http: httpx.AsyncClient, temporal: Client, severity: Band, declared: bool
) -> None:
    incident = await preserved(office, temporal, severity)
    if declared:
        await said(http, f"{incident}/hold", Role.LEGAL, hold=True)
    refused = await said(http, f"{incident}/erasures", Role.CUSTODIAN, items=[ITEM])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:andon:problem:held")


async def test_the_page_says_how_custody_stands(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await preserved(office, temporal)
    await said(http, f"{incident}/hold", Role.LEGAL, hold=True)
    async with signed_in(http, Role.LEGAL) as visitor:
        page = (await visitor.get(f"/incidents/{incident}/custody")).text
        assert "To be held by legal-1" in page
        assert "Lift the hold" in page
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "way": "lift", "reason": "the case is settled"}
        after = await visitor.post(f"/incidents/{incident}/hold", data=form, follow_redirects=True)
    assert "Nothing is held." in after.text


OFFERED = [
    (Role.LEGAL, {"hold-reason"}, True),
    (Role.SECURITY, {"raw-reason"}, True),
    (Role.CUSTODIAN, {"erase-reason"}, False),
    (Role.COMMUNICATIONS, set[str](), False),
]


@pytest.mark.long
async def test_each_reader_is_offered_what_they_may_do_and_told_who_may_do_the_rest(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    for role, forms, asks in OFFERED:
        async with signed_in(http, role) as visitor:
            page = (await visitor.get(f"/incidents/{incident}/custody")).text
        assert set(re.findall(r'id="(hold-reason|raw-reason|erase-reason)"', page)) == forms, role
        assert ("ask/raw_evidence" in page) <= asks, role
        assert "It takes two people in two roles: custodian and privacy." in page
        if "hold-reason" not in forms:
            assert "Evidence is held, and a hold lifted, by legal." in page
