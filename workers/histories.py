"""The histories of an incident's workflows as Temporal has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from andon.domain.archive import RunKept, archive_workflow
from andon.domain.incident import workflow_id
from andon.domain.run_alarm import RunState
from andon.domain.values import IncidentId, sha256
from workers.runs import TemporalRuns

WITHIN: Final = timedelta(seconds=20)
PAGE: Final = 200
OPEN: Final = (RunState.RUNNING, RunState.CONTINUED)
LAST: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)


class TemporalHistories:
    """Fetches histories, one at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._runs = TemporalRuns(client)

    async def ended(self, incident: IncidentId) -> bool:
        """Whether the incident's own workflow has ended, or is not known there any more."""
        return (await self._runs.fate(incident)).state not in OPEN

    async def of(self, incident: IncidentId) -> AsyncIterator[tuple[RunKept, bytes]]:
        """Yield each run with its history as JSON, each once.

        The list of what runs may lag; what a history says it started is followed besides.
        """
        waiting = [*await self._known(incident), *await self._listed(incident)]
        seen: set[tuple[str, str]] = set()
        while waiting:
            name, run = waiting.pop(0)
            if (name, run) in seen:
                continue
            seen.add((name, run))
            history = await self._fetched(name, run)
            if history is None:
                continue
            content = history.to_json().encode()
            yield _kept(history, content), content
            waiting += onward(name, history)

    async def _known(self, incident: IncidentId) -> list[tuple[str, str]]:
        """Return the first and the present run of the incident itself."""
        fate = await self._runs.fate(incident)
        return [(workflow_id(incident), run) for run in dict.fromkeys((fate.first_run, fate.run)) if run]

    async def _listed(self, incident: IncidentId) -> list[tuple[str, str]]:
        own, notices = workflow_id(incident), f"notice/{incident}/"
        query = (
            f"WorkflowId = '{own}' OR WorkflowId STARTS_WITH '{own}/' OR WorkflowId STARTS_WITH '{notices}'"
        )
        found = [
            (one.id, one.run_id)
            async for one in self._client.list_workflows(query, page_size=PAGE, rpc_timeout=WITHIN)
        ]
        return sorted(one for one in found if one[0] != archive_workflow(incident))

    async def _fetched(self, name: str, run: str) -> WorkflowHistory | None:
        try:
            return await self._client.get_workflow_handle(name, run_id=run).fetch_history(rpc_timeout=WITHIN)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # deleted between the list and now
                return None
            raise


def _kept(history: WorkflowHistory, content: bytes) -> RunKept:
    first = history.events[0].workflow_execution_started_event_attributes
    return RunKept(
        workflow=history.workflow_id,
        run=first.original_execution_run_id,
        type=first.workflow_type.name,
        events=len(history.events),
        ended=history.events[-1].event_type in LAST,
        sha256=sha256(content),
    )


def onward(name: str, history: WorkflowHistory) -> list[tuple[str, str]]:
    """Return the run this one continued as or was reset from, and the children it started."""
    found: list[tuple[str, str]] = []
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
            child = event.child_workflow_execution_started_event_attributes.workflow_execution
            found.append((child.workflow_id, child.run_id))
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            after = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
            found.append((name, after))
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                found.append((name, failed.base_run_id))
    return found
