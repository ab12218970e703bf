"""Histories are archived at milestones and after the close, and replay when Temporal has none of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from andon.audit.archived import Archived, read_archive
from andon.audit.replay import replay
from andon.domain.archive import Archive, RunKept, archive_workflow, archives_under
from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.incident import workflow_id
from andon.domain.ledger import Chain, Kind, verify_chain
from tests.care.yard import PATIENCE
from tests.record.conftest import Keeping


async def closed(keeping: Keeping, client: Client) -> str:
    """Return an incident that was stood down, and whose archive is complete."""
    incident = await keeping.yard.incident()
    await keeping.until(lambda: keeping.archives.of(incident))
    await keeping.yard.answer(incident, "legal_review-1", "hold_disclosure", Role.LEGAL)
    await keeping.yard.answer(incident, "triage-1", "false_positive", Role.RESPONDER)
    await keeping.yard.answer(incident, "triage-1", "false_positive", Role.SECURITY)
    archive = client.get_workflow_handle(archive_workflow(incident))
    await asyncio.wait_for(archive.result(), PATIENCE)
    return incident


def archived(keeping: Keeping, incident: str) -> Archived:
    chain = keeping.yard.office.queries.ledger.entries(incident, Chain.ACCESS)
    return read_archive(incident, keeping.stored, keeping.stored.__getitem__, chain)


def messages(history: WorkflowHistory) -> list[str]:
    """Return the ids of the notices that a workflow was given to send."""
    first = history.events[0].workflow_execution_started_event_attributes
    if first.workflow_type.name != "Notice":
        return []
    posted = json.loads(first.input.payloads[0].data)
    return [one["id"] for one in posted.get("notices", [posted])]


async def forget(client: Client, runs: Iterable[RunKept]) -> None:
    """Delete runs from the namespace, and wait a bounded time until all are gone."""
    for run in runs:
        await client.workflow_service.delete_workflow_execution(
            DeleteWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=run.workflow, run_id=run.run),
            )
        )
    async with asyncio.timeout(2 * PATIENCE):
        for run in runs:
            while await is_known(client, run):
                await asyncio.sleep(0.05)


async def is_known(client: Client, run: RunKept) -> bool:
    try:
        await client.get_workflow_handle(run.workflow, run_id=run.run).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


@pytest.mark.long
async def test_an_incident_replays_from_its_archive_when_temporal_has_forgotten_it(
    keeping: Keeping, temporal: Client
) -> None:
    incident = await closed(keeping, temporal)
    assert [row.milestone for row in keeping.archives.of(incident)] == [Kind.EVIDENCE_SEALED, Kind.CLOSED]
    whole = archived(keeping, incident)
    await forget(temporal, whole.archive.runs)
    types = {run.type for run in whole.archive.runs}
    assert {"Incident", "EvidenceSnapshot", "Notice"} <= types
    told = {one.id for one in keeping.yard.office.behind.notifier.notices if one.incident == incident}
    assert told
    assert told <= {name for history in whole.histories for name in messages(history)}
    own = [run for run in whole.archive.runs if run.workflow == workflow_id(incident)]
    assert all(run.ended for run in own)
    for history in whole.histories:
        replayed = await replay(history, namespace="default")
        assert replayed.problem is None, replayed.workflow


@pytest.mark.long
async def test_the_digest_of_each_archive_is_in_the_access_chain(keeping: Keeping, temporal: Client) -> None:
    incident = await closed(keeping, temporal)
    chain = keeping.yard.office.queries.ledger.entries(incident, Chain.ACCESS)
    named = {entry.subject: entry.digests["archive"] for entry in chain if "archive" in entry.digests}
    assert named == {row.key: row.digest for row in keeping.archives.of(incident)}
    assert verify_chain(chain).length == len(chain)
    for key, digest in named.items():
        assert Archive.model_validate_json(keeping.stored[key]).digest() == digest
    # The incident's own chain and history know nothing of it: they must not grow.
    assert not [entry for entry in keeping.yard.chain(incident) if "archive" in entry.kind]


@pytest.mark.long
async def test_what_was_altered_in_an_archive_is_found(keeping: Keeping, temporal: Client) -> None:
    incident = await closed(keeping, temporal)
    whole = archived(keeping, incident)
    held = dict(keeping.stored)
    history = whole.archive.runs[0].key(incident)
    for key, content in (
        (history, held[history] + b" "),
        (whole.key, held[whole.key].replace(b'"ended":true', b'"ended":false', 1)),
        (whole.key, b"{}"),
    ):
        chain = keeping.yard.office.queries.ledger.entries(incident, Chain.ACCESS)
        with pytest.raises(InvalidInputError):
            read_archive(incident, held, (held | {key: content}).__getitem__, chain)
    without = [key for key in held if not key.startswith(archives_under(incident))]
    with pytest.raises(NotFoundError):
        read_archive(incident, without, held.__getitem__)


@pytest.mark.long
async def test_an_archive_that_was_left_behind_is_made_up_for(keeping: Keeping, temporal: Client) -> None:
    incident = await closed(keeping, temporal)
    rows = keeping.archives.of(incident)
    last = keeping.yard.chain(incident)[-1]
    assert keeping.due(last.at) == []
    assert rows[-1].key.endswith(f"{last.sequence:08d}-closed.json")
