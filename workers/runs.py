"""The workflows of incidents as Temporal has them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from andon.domain.incident import OpenIncident, workflow_id
from andon.domain.run_alarm import ALARMED, Alarmed, Fate, RunState
from andon.domain.values import Carried, IncidentId
from workflows import queues
from workflows import search_attributes as search
from workflows.incident import IncidentWorkflow

WITHIN: Final = timedelta(seconds=5)
TASK_TIMEOUT: Final = timedelta(seconds=2)
RUNNING: Final = "WorkflowType = 'Incident' AND ExecutionStatus = 'Running'"
PAGE: Final = 1_000
PREFIX: Final = "incident/"

STATES: Final = {
    WorkflowExecutionStatus.RUNNING: RunState.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: RunState.CONTINUED,
    WorkflowExecutionStatus.TERMINATED: RunState.TERMINATED,
    WorkflowExecutionStatus.CANCELED: RunState.CANCELLED,
    WorkflowExecutionStatus.FAILED: RunState.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: RunState.TIMED_OUT,
    WorkflowExecutionStatus.COMPLETED: RunState.COMPLETED,
}


class TemporalRuns:
    """Looks at incidents' workflows, speaks to them, and starts them again."""

    def __init__(self, client: Client, queue: str = queues.RESPONSE) -> None:
        self._client = client
        self._queue = queue

    async def tell(self, incident: IncidentId, signal: str, message: Carried) -> None:
        """Send an incident's workflow a signal; one that does not run hears nothing."""
        handle = self._client.get_workflow_handle(workflow_id(incident))
        try:
            await handle.signal(signal, message, rpc_timeout=WITHIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def running(self) -> dict[IncidentId, str]:
        """Return the run of each incident's workflow that runs; the list may lag by a moment."""
        return {
            one.id.removeprefix(PREFIX): one.run_id
            async for one in self._client.list_workflows(RUNNING, page_size=PAGE, rpc_timeout=WITHIN)
        }

    async def fate(self, incident: IncidentId, run: str | None = None) -> Fate:
        """Return what has become of a workflow, or of one run of it, as it stands now."""
        handle = self._client.get_workflow_handle(workflow_id(incident), run_id=run)
        try:
            found = await handle.describe(rpc_timeout=WITHIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Fate(state=RunState.GONE)
        first = found.raw_description.workflow_execution_info.first_run_id
        state = STATES.get(found.status, RunState.GONE) if found.status else RunState.GONE
        return Fate(state=state, run=found.run_id, first_run=first or found.run_id)

    async def start(self, opening: OpenIncident, told: Alarmed) -> str:
        """Start an incident's workflow again, with the alarm as its first signal; return its run."""
        state = opening.carried
        severity = state.severity if state else opening.severity
        handle = await self._client.start_workflow(
            IncidentWorkflow.run,
            opening,
            id=workflow_id(opening.incident),
            task_queue=self._queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=ALARMED,
            start_signal_args=[told],
            task_timeout=TASK_TIMEOUT,
            priority=Priority(priority_key=1),
            static_summary=f"{opening.plan.system}: {opening.classification} {severity}, started again",
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(search.SEVERITY, severity.value),
                    SearchAttributePair(search.SYSTEM, opening.plan.system),
                    SearchAttributePair(search.EXERCISE, opening.exercise),
                ]
            ),
            rpc_timeout=WITHIN,
        )
        return handle.first_execution_run_id or ""
