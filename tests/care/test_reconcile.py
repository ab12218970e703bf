"""Somebody ends, deletes or resets an incident in Temporal: holds stay, people hear, it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus

from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.ledger import Kind, verify_chain
from andon.domain.run_alarm import RunAlarmKind
from tests.care.auditing import verified
from tests.care.yard import PATIENCE, Yard


async def terminate(client: Client, incident: str) -> None:
    await client.get_workflow_handle(workflow_id(incident)).terminate("somebody's doing")


async def delete(client: Client, incident: str) -> None:
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(incident)),
        )
    )


async def reset(client: Client, incident: str) -> None:
    """Set it back to its first workflow task, with nothing of what came later applied again."""
    handle = client.get_workflow_handle(workflow_id(incident))
    found = await handle.describe()
    history = await handle.fetch_history()
    first = next(
        event.event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(incident), run_id=found.run_id),
            workflow_task_finish_event_id=first,
            request_id=f"reset {incident}",
            reason="somebody's doing",
        )
    )


HARM = [
    pytest.param(terminate, RunAlarmKind.TERMINATED, id="terminated"),
    pytest.param(delete, RunAlarmKind.GONE, id="deleted", marks=pytest.mark.long),
    pytest.param(reset, RunAlarmKind.RESET, id="reset", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("harm", "kind"), HARM)
async def test_holds_stay_an_alarm_is_raised_and_the_incident_goes_on_to_its_end(
    yard: Yard, temporal: Client, harm: Callable[[Client, str], Awaitable[None]], kind: RunAlarmKind
) -> None:
    incident = await yard.incident()
    await yard.answer(incident, "legal_review-1", "hold_disclosure", Role.LEGAL)
    await yard.answer(incident, "triage-1", "false_positive", Role.RESPONDER)
    held = yard.held()
    await yard.look_after()
    await yard.until(lambda: all(one.run for one in yard.office.queries.alarms.open_runs()))
    await harm(temporal, incident)
    [alarm] = await yard.until(lambda: yard.raised(incident))
    assert alarm.kind is kind
    assert yard.held() == held
    await yard.until(lambda: yard.raised(incident)[0].cleared_at)
    [entry] = await yard.until(lambda: yard.entries(incident, Kind.ALARM_RAISED))
    assert entry.facts["alarm"] == alarm.number
    view = await yard.office.until(incident, lambda view: view.contained)
    settled = {one.request.id: one.outcome for one in view.decisions}
    assert settled["legal_review-1"] == "hold_disclosure"
    assert held == yard.held() == {record.order.id for record in view.orders}
    # One of the two who must say so has said so before; what they said still counts.
    await yard.answer(incident, "triage-1", "false_positive", Role.SECURITY)
    handle = temporal.get_workflow_handle(workflow_id(incident))
    assert await asyncio.wait_for(handle.result(), PATIENCE) == "false_positive"
    assert yard.held() == set()
    assert verify_chain(yard.chain(incident)) == await yard.ledger.head(incident)
    assert len(yard.raised(incident)) == 1
    report = await verified(yard, incident)
    assert {step.title: step.findings for step in report.steps if step.findings} == {}


@pytest.mark.long
async def test_an_incident_that_runs_raises_no_alarm_even_after_it_went_on_as_a_new_run(
    yard: Yard, temporal: Client
) -> None:
    incident = await yard.incident()
    await yard.look_after()
    await yard.until(lambda: all(one.run for one in yard.office.queries.alarms.open_runs()))
    looks = yard.probe.looks
    await yard.until(lambda: yard.probe.looks > looks + 6)
    assert yard.raised(incident) == []
    handle = temporal.get_workflow_handle(workflow_id(incident))
    before = (await handle.describe()).history_length
    looks = yard.probe.looks
    await yard.until(lambda: yard.probe.looks > looks + 6)
    assert (await handle.describe()).history_length == before


async def test_what_looks_after_everything_takes_no_notice_of_a_cancellation_or_a_signal(
    yard: Yard, temporal: Client
) -> None:
    await yard.incident()
    await yard.look_after()
    for name in ("hold/flag", "reconcile"):
        handle = temporal.get_workflow_handle(name)
        await handle.signal("stop", {"now": True})
        await handle.cancel()
    looks = yard.probe.looks
    await yard.until(lambda: yard.probe.looks > looks + 4)
    for name in ("hold/flag", "reconcile"):
        assert (await temporal.get_workflow_handle(name).describe()).status is WorkflowExecutionStatus.RUNNING
