"""What incidents have led to, through API and pages: listed, overdue, proven, dropped, and who may say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.follow_up import LockedFollowUps
from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.directory import Role
from andon.domain.follow_up import follow_up_workflow
from andon.domain.incident import IncidentState, view_of
from andon.domain.ledger import Chain
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.register.access_chain import AccessChain
from andon.register.follow_ups import FollowUps
from tests.api.server import bearer
from tests.console.desk import PATIENCE, Caller, Office
from tests.console.test_pages import field, signed_in
from workers.compose import worker_for
from workers.follow_up import begin, follow_up_duty
from workers.outbox import TemporalOutbox

OWNER = f"{Role.OPERATIONS}-1"
WHAT = "Reviewers <b>learn</b> what the tool may do"


@dataclass
class Promised:
    """A closed incident with two changes, one of them overdue, that is followed up on."""

    office: Office
    client: Client
    incident: str

    async def settle(
        self, role: Role, change: str, how: str, *, key: str = "", **body: str
    ) -> httpx.Response:
        assert self.office.http is not None
        headers = bearer(role) | ({"Idempotency-Key": key} if key else {})
        path = f"/v1/incidents/{self.incident}/changes/{change}/{how}"
        return await self.office.http.post(path, headers=headers, json=body)

    async def listed(self, role: Role = Role.AUDITOR, **query: Any) -> list[dict[str, Any]]:
        assert self.office.http is not None
        answer = await Caller(self.office.http, role).get("/v1/changes", incident=self.incident, **query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["changes"]
        return found

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.office.queries.ledger.entries(self.incident, Chain.ACCESS)]


async def closed(office: Office, severity: Band) -> str:
    """Put a closed incident with two changes into the register."""
    opening = await office.allot()
    sealed = await office.parts.texts.seal(opening.incident, "reason", WHAT)
    at = datetime.now(UTC)
    named = [
        Change(
            id=f"change-{number}",
            type=kind,
            owner=OWNER,
            due=at + timedelta(days=days),
            link=sealed.digest,
            said_in="lessons-1",
        )
        for number, (kind, days) in enumerate(((ChangeType.TRAINING, -1), (ChangeType.RUNBOOK, 40)), start=1)
    ]
    state = IncidentState(
        severity=severity,
        classification=opening.classification,
        stage=Stage.CLOSED,
        closed_at=at,
        changes={one.id: one for one in named},
    )
    office.queries.incidents.show(view_of(opening, state))
    return opening.incident


@pytest.fixture
async def promised(
    office: Office, temporal: Client, request: pytest.FixtureRequest
) -> AsyncIterator[Promised]:
    register = office.queries.databases.register
    rows = FollowUps(register)
    place = LockedFollowUps(rows, LockedAccessLog(office.behind.memory, AccessChain(register)))
    promised = Promised(office, temporal, await closed(office, getattr(request, "param", Band.MEDIUM)))
    async with worker_for(temporal, follow_up_duty(place, TemporalOutbox(temporal))):
        found = rows.to_follow(office.shelf.follow_up, datetime.now(UTC), limit=500)
        (following,) = [one for one in found if one.incident == promised.incident]
        early = await promised.settle(Role.OPERATIONS, "change-1", "proof", proof="it is done")
        assert (early.status_code, early.headers["Retry-After"]) == (503, "60")
        await begin(temporal, following)
        async with asyncio.timeout(PATIENCE):
            while "change_overdue" not in await asyncio.to_thread(promised.kinds):
                await asyncio.sleep(0.02)
        yield promised
        await temporal.get_workflow_handle(follow_up_workflow(promised.incident)).terminate("over")


async def test_a_change_is_listed_as_overdue_until_its_owner_proves_it(promised: Promised) -> None:
    [overdue] = await promised.listed(overdue=True)
    assert (overdue["id"], overdue["type"], overdue["owner"]) == ("change-1", "training", OWNER)
    assert (overdue["what"], overdue["takes"]) == (WHAT, True)
    proof = {"proof": "14 of 14 reviewers, list in HR", "content": "d" * 64}
    taken = await promised.settle(Role.OPERATIONS, "change-1", "proof", key="a-key-of-mine", **proof)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["state"], taken.json()["words"]) == ("done", proof["proof"])
    again = await promised.settle(Role.OPERATIONS, "change-1", "proof", key="a-key-of-mine", **proof)
    assert (again.status_code, again.json()["settled_at"]) == (200, taken.json()["settled_at"])
    assert promised.kinds().count("change_proven") == 1
    assert await promised.listed(overdue=True) == []
    late = await promised.settle(Role.SECURITY, "change-1", "proof", proof="so do I")
    assert (late.status_code, late.json()["refusal"]) == (409, "already_so")
    [entry] = [
        one
        for one in promised.office.queries.ledger.entries(promised.incident, Chain.ACCESS)
        if one.kind == "change_proven"
    ]
    assert entry.facts["content"] == "d" * 64


@pytest.mark.long
@pytest.mark.parametrize("promised", [Band.HIGH], indirect=True)
async def test_a_grave_change_is_settled_by_somebody_else_and_dropped_with_a_reason(
    promised: Promised,
) -> None:
    own = await promised.settle(Role.OPERATIONS, "change-1", "proof", proof="it is done")
    assert (own.status_code, own.json()["refusal"]) == (403, "own_change")
    wrong = await promised.settle(Role.ENGINEER, "change-2", "drop", reason="not needed")
    assert (wrong.status_code, wrong.json()["refusal"]) == (403, "wrong_role")
    nothing = await promised.settle(Role.ENGINEER, "change-9", "proof", proof="x")
    assert nothing.status_code == 404
    empty = await promised.settle(Role.INCIDENT_LEAD, "change-2", "drop", reason=" ")
    assert empty.status_code == 400
    taken = await promised.settle(Role.INCIDENT_LEAD, "change-2", "drop", reason="the tool is retired")
    assert (taken.status_code, taken.json()["state"]) == (200, "dropped")
    assert (await promised.settle(Role.SECURITY, "change-1", "proof", proof="seen")).status_code == 200
    assert promised.kinds() == [
        "follow_up_begun",
        "change_overdue",
        "change_refused",
        "change_refused",
        "change_dropped",
        "change_proven",
    ]


@pytest.mark.long
async def test_the_pages_list_changes_and_take_a_proof_without_script(promised: Promised) -> None:
    http = promised.office.http
    assert http is not None
    place = f"/changes/{promised.incident}/change-1"
    async with signed_in(http, Role.OPERATIONS) as owner:
        listed = (await owner.get("/changes", params={"overdue": "yes", "type": "training"})).text
        assert place in listed
        assert "overdue" in listed
        assert WHAT not in listed
        assert "&lt;b&gt;learn" in listed
        assert (await owner.get("/changes", params={"type": "nonsense"})).status_code == 400
        page = (await owner.get(place)).text
        form = {"csrf": field(page, "csrf"), "key": field(page, "key"), "say": "prove"}
        empty = await owner.post(place, data={**form, "words": " "})
        assert (empty.status_code, "at most 4000 characters" in empty.text) == (400, True)
        forged = await owner.post(place, data={**form, "csrf": "x", "words": "done"})
        assert forged.status_code == 403
        taken = await owner.post(place, data={**form, "words": "all were there"})
        assert taken.status_code == 303
        settled = (await owner.get(place)).text
        assert "all were there" in settled
        assert "Settle it" not in settled
    whole = await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{promised.incident}")
    assert [one["state"] for one in whole.json()["changes"]] == ["done", "open"]
    async with signed_in(http, Role.REPORTER) as reporter:
        listed = (await reporter.get("/changes")).text
        assert "learn" not in listed
        assert (await reporter.get(place)).status_code == 403


async def test_a_change_of_an_open_incident_is_shown_and_takes_no_proof_yet(
    office: Office, http: httpx.AsyncClient
) -> None:
    opening = await office.allot()
    change = Change(
        id="change-1",
        type=ChangeType.PROMPT,
        owner=OWNER,
        due=datetime.now(UTC) + timedelta(days=3),
        link="c" * 64,
        said_in="declaration/x",
    )
    state = IncidentState(
        severity=Band.LOW, classification=opening.classification, changes={"change-1": change}
    )
    office.queries.incidents.show(view_of(opening, state))
    promised = Promised(office, None, opening.incident)  # type: ignore[arg-type]
    [shown] = await promised.listed()
    assert (shown["state"], shown["takes"], shown["what"]) == (ChangeState.OPEN.value, False, None)
    answer = await promised.settle(Role.OPERATIONS, "change-1", "proof", proof="done")
    assert (answer.status_code, answer.json()["type"].rsplit(":")[-1]) == (409, "open")
