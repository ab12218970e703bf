"""Who looked at the evidence: the access chain over the API and as a page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from andon.domain.custody import Access, AccessKind
from andon.domain.directory import Role
from andon.domain.errors import StoreConflictError
from andon.domain.ledger import Chain, Entry, verify_chain
from tests.api.server import bearer
from tests.console.desk import Office
from tests.console.test_pages import signed_in

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


async def test_an_entry_is_chained_locked_and_shown(office: Office, http: httpx.AsyncClient) -> None:
    incident = (await office.allot()).incident
    log = office.parts.custody.access
    first = await log.record(incident, "person:eva", AccessKind.VIEWED, "input/recorder/1", None, AT)
    second = await log.write(
        Access(
            incident=incident,
            actor="person:paul",
            what=AccessKind.RAW_REFUSED,
            at=AT,
            item="input/recorder/1",
            role=Role.COMMUNICATIONS,
            outcome="wrong_role",
        )
    )
    assert second.previous == first.digest()
    answer = await http.get(f"/v1/incidents/{incident}/access", headers=bearer(Role.AUDITOR))
    page = answer.json()
    assert [(one["what"], one["actor"], one["outcome"]) for one in page["entries"]] == [
        ("viewed", "person:eva", ""),
        ("raw_refused", "person:paul", "wrong_role"),
    ]
    assert (page["head"]["digest"], page["waiting"]) == (second.digest(), 0)
    stored = [
        Entry.model_validate_json(office.behind.memory.contents[key])
        for key in await office.behind.memory.keys(f"ledger/{incident}/access/")
    ]
    assert verify_chain(stored).length == 2
    async with signed_in(http, Role.AUDITOR) as visitor:
        text = (await visitor.get(f"/incidents/{incident}/access")).text
    assert "was refused an original" in text
    assert "input/recorder/1" in text


async def test_two_who_write_at_once_follow_each_other(office: Office) -> None:
    incident = (await office.allot()).incident
    log = office.parts.custody.access
    await asyncio.gather(
        *(log.record(incident, f"person:p{one}", AccessKind.VIEWED, "", None, AT) for one in range(12))
    )
    entries = await asyncio.to_thread(office.parts.ledger.entries, incident, Chain.ACCESS)
    assert verify_chain(entries).length == 12
    assert await asyncio.to_thread(office.parts.custody.chain.waits, incident) == 0


async def test_what_the_store_did_not_take_is_locked_the_next_time_and_no_chain_waits_for_another(
    office: Office,
) -> None:
    custody = office.parts.custody
    incidents = [(await office.allot()).incident for _ in range(3)]
    blocked = min(incidents)
    for one in incidents:
        access = Access(incident=one, actor="person:eva", what=AccessKind.VIEWED, at=AT)
        await asyncio.to_thread(custody.chain.append, [access])
    await office.behind.memory.put(first_of(blocked), b"other", content_type="text/plain")
    refused = await custody.access.lock_all()
    assert refused.keys() == {blocked}
    assert isinstance(refused[blocked], StoreConflictError)
    waits = {one: await asyncio.to_thread(custody.chain.waits, one) for one in incidents}
    assert waits == {one: int(one == blocked) for one in incidents}
    assert all(first_of(one) in office.behind.memory.contents for one in incidents)


def first_of(incident: str) -> str:
    return f"ledger/{incident}/access/00000000.jsonl"


@pytest.mark.long
async def test_the_chains_of_all_incidents_are_looked_through(
    office: Office, http: httpx.AsyncClient
) -> None:
    incidents = [(await office.allot()).incident for _ in range(2)]
    for minute, incident in enumerate((*incidents, incidents[0])):
        at = AT + timedelta(minutes=minute)
        what = AccessKind.EXPORTED if minute else AccessKind.VIEWED
        await office.parts.custody.access.record(incident, "person:ida", what, "input/recorder/9", None, at)
    place = "/v1/audit/access"

    async def found(**query: str | int) -> list[tuple[str, str]]:
        answer = await http.get(place, headers=bearer(Role.AUDITOR), params={"who": "ida", **query})
        assert answer.status_code == 200, answer.text
        return [(one["incident"], one["what"]) for one in answer.json()["entries"]]

    one, other = incidents
    assert await found() == [(one, "exported"), (other, "exported"), (one, "viewed")]
    assert await found(what="exported", incident=one) == [(one, "exported")]
    assert await found(since="2026-03-01T10:01:00Z", until="2026-03-01T10:02:00Z") == [(other, "exported")]
    first = await http.get(place, headers=bearer(Role.AUDITOR), params={"who": "ida", "limit": 2})
    assert first.json()["total"] == 3
    assert await found(after=first.json()["next"]) == [(one, "viewed")]
    refused = await http.get(place, headers=bearer(Role.AUDITOR), params={"after": "anything"})
    assert refused.status_code in (400, 422)
    async with signed_in(http, Role.AUDITOR) as visitor:
        page = (await visitor.get("/audit", params={"who": "ida", "what": "viewed"})).text
        own = (await visitor.get(f"/incidents/{one}/access", params={"what": "exported"})).text
        odd = (await visitor.get("/audit", params={"since": "yesterday"})).text
    assert "Set <code>custody.originals_url</code> to" in page
    assert "`" not in page
    assert "1 entry fits" in page
    assert f'href="/incidents/{one}/access"' in page
    assert "exported the incident</td>" in own
    assert "was shown a redacted view</td>" not in own
    assert "is no day" in odd
