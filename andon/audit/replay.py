"""Replaying the histories of an incident: do today's workflows decide as they did then?

Replay proves only that this code makes the same choices from the same recorded inputs; that the
inputs are the true ones is what the ledger, the statements and locked storage are for.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf.json_format import ParseError
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Interceptor, Replayer

from andon.audit.texts import read_json
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.follow_up import follow_up_workflow
from andon.domain.incident import workflow_id
from workers.histories import onward

NAMESPACE: Final = "andon"
MAX_PROBLEM: Final = 2_000
RUNS_AT_MOST: Final = 1_000


@dataclass(frozen=True)
class Replayed:
    """How one run came out."""

    workflow: str
    events: int
    problem: str | None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "workflow": self.workflow,
            "events": self.events,
            "ok": not self.problem,
            "problem": self.problem,
        }


def read_history(path: Path) -> WorkflowHistory:
    """Read what `temporal workflow show --output json` printed, or an SDK wrote.

    Raises:
        InvalidInputError: it can't be read, or is no history.
    """
    return history_of(read_json(path), str(path))


def history_of(given: Any, named: str) -> WorkflowHistory:
    """Return a history from its JSON; `named` is where it comes from.

    Raises:
        InvalidInputError: it is no history.
    """
    if not isinstance(given, dict) or not isinstance(given.get("events"), list) or not given["events"]:
        raise InvalidInputError(f"{named} is no history: it has no list of events")
    first = given["events"][0]
    started = first.get("workflowExecutionStartedEventAttributes") if isinstance(first, dict) else None
    if not isinstance(started, dict):
        raise InvalidInputError(f"{named} is no history: its first event does not start a workflow")
    try:
        # The id is part of what is replayed.
        workflow = str(started.get("workflowId") or "incident/unknown")
        return WorkflowHistory.from_json(workflow, json.dumps(given))
    except (ParseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{named} is no history: {str(error)[:300]}") from error


def replayer_of(namespace: str = NAMESPACE, interceptors: Sequence[Interceptor] = ()) -> Replayer:
    """Return what runs histories again with the workflows of this release."""
    # Loaded here: reading a timeline or verifying a file needs no workflow code.
    from workers.compose import WORKFLOWS  # noqa: PLC0415
    from workers.sandbox import sandbox_runner  # noqa: PLC0415
    from workflows.archive import ArchiveWorkflow  # noqa: PLC0415
    from workflows.follow_up import FollowUpWorkflow  # noqa: PLC0415

    return Replayer(
        workflows=[*WORKFLOWS, FollowUpWorkflow, ArchiveWorkflow],
        workflow_runner=sandbox_runner(),
        data_converter=pydantic_data_converter,
        namespace=namespace,
        interceptors=interceptors,
    )


async def replay(history: WorkflowHistory, namespace: str = NAMESPACE) -> Replayed:
    """Replay one run with the workflows of this release."""
    result = await replayer_of(namespace).replay_workflow(history, raise_on_replay_failure=False)
    failure = result.replay_failure
    problem = f"{type(failure).__name__}: {str(failure)[:MAX_PROBLEM]}" if failure is not None else None
    return Replayed(workflow=history.workflow_id, events=len(history.events), problem=problem)


async def histories(
    address: str, incident: str, namespace: str = NAMESPACE
) -> AsyncIterator[WorkflowHistory]:
    """Yield every run of an incident's workflow, of what follows up on it, and of their children, once each.

    Raises:
        NotFoundError: Temporal knows no such incident.
        RuntimeError: Temporal can't be reached.
    """
    client = await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)
    own = workflow_id(incident)
    waiting = [*await _known(client, own), *await _known(client, follow_up_workflow(incident))]
    if not waiting:
        raise NotFoundError("workflow", own)
    seen: set[tuple[str, str]] = set()
    while waiting and len(seen) < RUNS_AT_MOST:
        name, run = waiting.pop(0)
        if (name, run) in seen:
            continue
        seen.add((name, run))
        try:
            history = await client.get_workflow_handle(name, run_id=run).fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            continue  # its time is up there
        yield history
        waiting += onward(name, history)


async def _known(client: Client, workflow: str) -> list[tuple[str, str]]:
    """Return the runs of a workflow that Temporal knows, oldest first.

    One that was started again names no run before it, so those are listed; the list may lag, so the first
    and the present run are asked for.
    """
    try:
        described = await client.get_workflow_handle(workflow).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return []
    first = described.raw_description.workflow_execution_info.first_run_id or described.run_id
    listed = [
        (one.start_time, one.run_id)
        async for one in client.list_workflows(f"WorkflowId = '{workflow}'", limit=RUNS_AT_MOST)
    ]
    runs = [first, *(run for _, run in sorted(listed)), described.run_id]
    return [(workflow, run) for run in dict.fromkeys(runs)]
