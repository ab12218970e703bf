"""The moments of an incident: replayed apart, once for all who ask, from Temporal or from the archive."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from andon.api.problems import ProblemError
from andon.config import TemporalSettings
from andon.console.delivery import Engine
from andon.console.reliver import Reliver
from andon.console.reliving import Reliving
from andon.domain.archive import Archive, Milestone, archive_key
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from tests.api.server import bearer
from tests.console.desk import PATIENCE, Caller, Office, opened
from tests.console.test_pages import signed_in
from workers.histories import TemporalHistories


async def test_the_moments_of_a_live_incident_are_what_its_ledger_bears_out(
    http: httpx.AsyncClient, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    auditor = Caller(http, Role.AUDITOR)
    answers = await asyncio.gather(*(auditor.get(f"/v1/incidents/{incident}/moments") for _ in range(5)))
    assert [one.status_code for one in answers] == [200] * 5, answers[0].text
    found = answers[0].json()
    assert found["replay"]["fits"]
    assert found["replay"]["untold"] == []
    assert found["replay"]["source"] == "temporal"
    assert "contained" in [mark for one in found["moments"] for mark in one["marks"]]
    last = office.queries.ledger.head(incident).length - 1
    assert found["moments"][-1]["last"] == last
    then = (await auditor.get(f"/v1/incidents/{incident}/moments", at="0")).json()["then"]
    assert (then["moment"]["contained"], then["before"]) == (False, None)
    assert {one["what"] for one in then["changed"]} >= {"stage", "severity", "orders"}
    early = await auditor.get(f"/v1/incidents/{incident}/moments", at="2020-01-01T00:00:00Z")
    assert early.json()["then"] is None
    for at, status in (("9999", 404), ("soon", 400), ("2026-01-01", 400)):
        assert (await auditor.get(f"/v1/incidents/{incident}/moments", at=at)).status_code == status
    page = await http.get(f"/v1/incidents/{incident}/moments", headers=bearer(Role.REPORTER))
    assert page.status_code == 403


async def test_the_page_shows_a_moment_by_its_entry_its_place_or_a_time(
    http: httpx.AsyncClient, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    async with signed_in(http, Role.AUDITOR) as page:
        whole = await page.get(f"/incidents/{incident}/replay")
        assert whole.status_code == 200
        assert 'aria-valuetext="Moment ' in whole.text
        assert "Contained and proven" in whole.text
        first = await page.get(f"/incidents/{incident}/replay?moment=1&part=true")
        assert first.text.startswith('<div id="moment"')
        assert "This is the first moment." in first.text
        assert "Not contained" in first.text
        early = await page.get(f"/incidents/{incident}/replay?at=2020-01-01")
        assert "Nothing had happened yet" in early.text
        wrong = await page.get(f"/incidents/{incident}/replay?at=half+past+<two>")
        assert wrong.status_code == 400
        assert 'value="half past &lt;two&gt;"' in wrong.text
        assert "That is no entry of this incident" in wrong.text


@pytest.mark.long
async def test_once_temporal_has_nothing_any_more_the_archive_is_replayed(
    office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    away = replace(office.parts, engine=Engine(TemporalSettings(address="localhost:1")))
    reliving = Reliving(away)
    try:
        with pytest.raises(ProblemError, match="nothing of it is archived yet"):
            await reliving.line(incident)
        key = await archived(office, temporal, incident)
        line = await reliving.line(incident)
    finally:
        reliving.close()
    assert (line.source, line.fits) == (key, True)
    assert line.moments[-1].contained


@pytest.mark.long
async def test_what_a_reset_threw_away_and_what_came_after_it_are_one_line(
    http: httpx.AsyncClient, office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    await office.until(incident, lambda view: any(one.request.id == "triage-1" for one in view.decisions))
    answer = await Caller(http, Role.RESPONDER).answer(incident, "triage-1", "confirm")
    assert answer.status_code == 200
    await office.until(incident, lambda view: any(one.request.id == "diagnosis-1" for one in view.decisions))
    await set_back(temporal, f"incident/{incident}")
    # What is sent to the run that was set back is refused, and can be sent again.
    async with asyncio.timeout(PATIENCE):
        while (
            await Caller(http, Role.LEGAL).answer(incident, "legal_review-1", "disclosure_needed")
        ).status_code != 200:
            await asyncio.sleep(0.2)
    view = await office.until(
        incident, lambda view: any(one.request.id == "customer_notification-1" for one in view.decisions)
    )
    found = (await Caller(http, Role.AUDITOR).get(f"/v1/incidents/{incident}/moments")).json()
    assert [one["began"] for one in found["replay"]["runs"]].count("reset") == 1
    assert found["replay"]["fits"], found["replay"]
    names = [int(one["name"]) for one in found["moments"]]
    assert names == sorted(set(names))
    assert found["moments"][-1]["open"] == [one.request.id for one in view.decisions if one.open]


@pytest.mark.long
async def test_a_replay_that_takes_too_long_is_ended_and_the_next_one_runs(
    office: Office, temporal: Client
) -> None:
    incident = await opened(office, temporal)
    hasty = Reliving(office.parts, Reliver(within=timedelta(milliseconds=50)))
    with pytest.raises(ProblemError, match="took too long"):
        await hasty.line(incident)
    hasty.close()
    patient = Reliving(office.parts)
    try:
        assert (await patient.line(incident)).fits
    finally:
        patient.close()


async def archived(office: Office, temporal: Client, incident: str) -> str:
    """Store the histories as they are now in locked storage; return the archive's key."""
    milestone = Milestone(kind=Kind.EVIDENCE_SEALED, sequence=1)
    runs = []
    async for run, content in TemporalHistories(temporal).of(incident):
        runs.append(run)
        await office.behind.memory.put(run.key(incident), content, content_type="application/json")
    archive = Archive(
        incident=incident, milestone=milestone, at=datetime.now(UTC), build="this", runs=tuple(runs)
    )
    key = archive_key(incident, milestone)
    await office.behind.memory.put(key, archive.content(), content_type="application/json")
    return key


async def set_back(temporal: Client, workflow: str) -> None:
    """Reset a workflow to where it was after its first batch had come to rest."""
    handle = temporal.get_workflow_handle(workflow)
    history = await handle.fetch_history()
    tasks = [
        one.event_id for one in history.events if one.HasField("workflow_task_completed_event_attributes")
    ]
    described = await handle.describe()
    await temporal.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=workflow, run_id=described.run_id),
            reason="set back by somebody",
            workflow_task_finish_event_id=tasks[len(tasks) // 2],
            request_id=secrets.token_hex(8),
        )
    )
