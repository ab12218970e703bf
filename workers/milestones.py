"""What follows when an incident has come far: a checkpoint at once, and its histories archived.

Neither costs the incident's own history an event: both are begun by whoever stored its ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from andon.domain.archive import ARCHIVED_AT, MILESTONE, Milestone, archive_workflow
from andon.domain.checkpoint import CHECKPOINT, LOOK, PROMPTLY
from andon.domain.ledger import Entry
from andon.domain.values import IncidentId
from workflows import queues
from workflows.archive import ArchiveWorkflow

WITHIN: Final = timedelta(seconds=2)


class TemporalMilestones:
    """Tells the workflows that sign and archive."""

    def __init__(self, client: Client, queue: str = queues.RECORD) -> None:
        self._client = client
        self._queue = queue

    async def reached(self, entries: Sequence[Entry]) -> None:
        """Have signed and archived what these entries call for; a repeat changes nothing."""
        for entry in entries:
            if entry.kind in ARCHIVED_AT:
                await self.archive(entry.incident, Milestone(kind=entry.kind, sequence=entry.sequence))
        if any(entry.kind in PROMPTLY for entry in entries):
            await self._look()

    async def archive(self, incident: IncidentId, milestone: Milestone) -> None:
        """Have an incident's histories archived."""
        await self._client.start_workflow(
            ArchiveWorkflow.run,
            incident,
            id=archive_workflow(incident),
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal=MILESTONE,
            start_signal_args=[milestone],
            static_summary=f"{incident}: archives its histories",
            rpc_timeout=WITHIN,
        )

    async def _look(self) -> None:
        try:
            await self._client.get_workflow_handle(CHECKPOINT).signal(LOOK, rpc_timeout=WITHIN)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it is begun in a moment
                raise
