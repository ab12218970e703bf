"""What an answer says besides its option, through the console: looked up, sealed, refused with advice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from andon.domain.change import ChangeState
from andon.domain.directory import Role
from andon.domain.incident import IncidentView
from andon.domain.values import sha256
from tests.api.server import bearer
from tests.console.desk import Caller, Office, opened
from tests.console.test_pages import SAME, field, signed_in

DAY = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
FIX = {
    "change": "prompt",
    "change_owner": "engineer-1",
    "change_due": DAY,
    "change_link": "merged: https://example.org/changes/12",
    "addresses": "vendor_outage",
}


async def to_the_diagnosis(office: Office, http: httpx.AsyncClient, temporal: Client) -> str:
    incident = await opened(office, temporal)
    answered = await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")
    assert answered.status_code == 200, answered.text
    await asked(office, incident, "diagnosis-1")
    return incident


async def asked(office: Office, incident: str, question: str) -> IncidentView:
    return await office.until(
        incident, lambda view: any(one.open and one.request.id == question for one in view.decisions)
    )


async def item_of(http: httpx.AsyncClient, incident: str) -> str:
    found = (await Caller(http, Role.ENGINEER).get(f"/v1/incidents/{incident}/evidence")).json()["items"]
    return str(found[0]["sha256"])[:16]


async def test_a_vendor_is_blamed_with_evidence_only_and_what_is_missing_is_said(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await to_the_diagnosis(office, http, temporal)
    engineer = Caller(http, Role.ENGINEER)
    bare = await engineer.answer(
        incident, "diagnosis-1", "vendor_outage", findings={"failed_control": "none_existed"}
    )
    assert (bare.status_code, bare.json()["refusal"]) == (422, "finding_missing")
    assert "cause_evidence: 1 to 10 evidence items" in bare.json()["detail"]
    invented = {"failed_control": "none_existed", "cause_evidence": "0" * 16}
    strange = await engineer.answer(incident, "diagnosis-1", "vendor_outage", findings=invented)
    assert (strange.status_code, strange.json()["type"].rsplit(":", 1)[-1]) == (422, "not-items")
    shown = {**invented, "cause_evidence": await item_of(http, incident), "also_class": "data,human_review"}
    taken = await engineer.answer(incident, "diagnosis-1", "vendor_outage", findings=shown)
    assert taken.status_code == 200, taken.text
    view = await asked(office, incident, "remediation-1")
    assert view.findings["cause_evidence"] == shown["cause_evidence"]
    told = (await engineer.get(f"/v1/incidents/{incident}")).json()
    assert told["failure"] == {"primary": "workflow_design", "further": ["data", "human_review"]}
    for kind, found in (("workflow_design", True), ("data", True), ("model", False)):
        listed = (await engineer.get("/v1/incidents", failure=kind)).json()["incidents"]
        assert (incident in {one["id"] for one in listed}) is found, kind
    async with signed_in(http, Role.ENGINEER) as visitor:
        page = (await visitor.get(f"/incidents/{incident}")).text
        assert incident in (await visitor.get("/incidents?failure=data")).text
        assert incident not in (await visitor.get("/incidents?failure=model")).text
    assert "Class of failure" in page
    assert "workflow design, and data and human review" in page


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"addresses": "retrieval"}, "refused", "addresses: one of vendor_outage"),
    ({"change_owner": "nobody-9"}, "not-a-person", "nobody-9 is nobody"),
    ({"change": "luck"}, "refused", "change: a type of change: eval"),
    ({"change_due": "2020-01-01"}, "refused", "change_due: a day"),
    ({"change_due": "soon, I think"}, "not-a-finding", "change_due: this takes a day"),
    ({"change_link": "x" * 1001}, "not-a-finding", "at most 1000"),
]


@pytest.mark.long
async def test_a_fix_says_what_it_changes_and_its_text_is_sealed(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await to_the_diagnosis(office, http, temporal)
    engineer = Caller(http, Role.ENGINEER)
    cause = {"failed_control": "none_existed", "cause_evidence": await item_of(http, incident)}
    await engineer.answer(incident, "diagnosis-1", "vendor_outage", findings=cause)
    await asked(office, incident, "remediation-1")
    for changes, problem, said in WRONG:
        findings = FIX | changes
        refused = await engineer.answer(incident, "remediation-1", "fix_deployed", findings=findings)
        assert refused.json()["type"].rsplit(":", 1)[-1] == problem, changes
        assert said in refused.json()["detail"], changes
    taken = await engineer.answer(incident, "remediation-1", "fix_deployed", findings=FIX)
    assert taken.status_code == 200, taken.text
    view = await office.until(incident, lambda view: view.changes)
    (change,) = view.changes.values()
    assert (change.owner, change.state, change.fixes) == ("engineer-1", ChangeState.DONE, True)
    kept = await asyncio.to_thread(office.parts.kept_texts.with_digest, incident, change.link)
    assert sha256(kept.stored) == change.link
    assert kept.kind == "finding.change_link"
    opening = await asyncio.to_thread(office.queries.incidents.get, incident)
    assert opening is not None
    assert FIX["change_link"] not in (opening.view_json or "")


async def test_the_page_offers_evidence_people_and_a_day_and_takes_them_without_script(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await to_the_diagnosis(office, http, temporal)
    item = await item_of(http, incident)
    place = f"/incidents/{incident}/decisions/diagnosis-1"
    async with signed_in(http, Role.ENGINEER) as visitor:
        form = (await visitor.get(place)).text
        assert f'name="pick.cause_evidence.{item}"' in form
        assert "needed for model behavior" in form
        typed = {name: field(form, name) for name in ("csrf", "key")}
        typed |= {"option": "vendor_outage", "reason": "their page says so"}
        typed |= {"finding.failed_control": "fallback_process"}
        bare = await visitor.post(place, data=typed, headers=SAME)
        assert bare.status_code == 422
        assert "cause_evidence: 1 to 10 evidence items" in bare.text
        typed |= {f"pick.cause_evidence.{item}": "on", "pick.also_class.data": "on"}
        taken = await visitor.post(place, data=typed, headers=SAME)
        assert taken.status_code == 303, taken.text
        await asked(office, incident, "remediation-1")
        fix = (await visitor.get(f"/incidents/{incident}/decisions/remediation-1")).text
    assert '<option value="engineer-1">The engineer (engineer)</option>' in fix
    assert 'type="date" id="finding-change_due"' in fix
    assert '<option value="vendor_outage">Vendor outage</option>' in fix


async def test_a_further_change_is_named_on_the_page_and_stands_there_with_owner_and_day(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    place = f"/incidents/{incident}/changes"
    async with signed_in(http, Role.ENGINEER) as visitor:
        form = (await visitor.get(place)).text
        typed = {name: field(form, name) for name in ("csrf", "key")}
        typed |= {"type": "runbook", "owner": "operations-1", "what": "the runbook names the fallback"}
        wrong = await visitor.post(place, data={**typed, "due": "2020-01-01"}, headers=SAME)
        assert wrong.status_code == 422
        assert "due: this takes a day" in wrong.text
        for _ in range(2):
            taken = await visitor.post(place, data={**typed, "due": DAY}, headers=SAME)
            assert taken.status_code == 303, taken.text
        view = await office.until(incident, lambda view: view.changes)
        page = (await visitor.get(f"/incidents/{incident}")).text
    (change,) = view.changes.values()
    assert (change.id, change.owner, change.state) == ("change-1", "operations-1", ChangeState.OPEN)
    for said in (f'href="/changes/{incident}/change-1"', "operations-1", "Runbook"):
        assert said in page


async def test_a_change_needs_somebody_who_can_own_it(
    office: Office, http: httpx.AsyncClient, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    body = {"kind": "change", "about": {"type": "ui", "owner": "nobody-9", "due": DAY}, "reason": "shown"}
    answer = await Caller(http, Role.ENGINEER).http.post(
        f"/v1/incidents/{incident}/declarations", headers=bearer(Role.ENGINEER), json=body
    )
    assert answer.status_code == 422
    assert "nobody-9 is nobody" in answer.json()["detail"]
