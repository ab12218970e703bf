"""The queue of the record: the log signed for ever, and incidents archived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from temporalio.client import Client

from activities.archive import ArchiveActivities, ArchivePlace
from activities.checkpoint import CheckpointActivities, LogBook
from andon.adapters.clock import utc_now
from andon.domain.archive import Milestone
from andon.domain.checkpoint import CHECKPOINT
from andon.domain.ledger import Kind
from workers.compose import Duty
from workers.histories import TemporalHistories
from workers.milestones import TemporalMilestones
from workers.standing import begin_unless_running, keep_running
from workflows import queues
from workflows.archive import ArchiveWorkflow
from workflows.checkpoint import CheckpointWorkflow

WORKFLOWS: Final = (CheckpointWorkflow, ArchiveWorkflow)
LEFT_BEHIND: Final = timedelta(minutes=10)
"""An incident that was closed so long ago and is not archived was forgotten by whoever was to begin it."""


class RecordParts(Protocol):
    """What the record stands on."""

    @property
    def log(self) -> LogBook:
        """The log over all incidents."""

    @property
    def archive(self) -> ArchivePlace:
        """Where histories come to rest."""

    @property
    def every(self) -> timedelta:
        """How often the log is signed."""

    def due(self, before: datetime) -> list[tuple[str, int]]:
        """Return incidents closed before a moment and not archived, with their last entry."""


def record_duty(parts: RecordParts, client: Client, queue: str = queues.RECORD) -> Duty:
    """Checkpoints and archives."""
    checkpoints = CheckpointActivities(parts.log)
    archives = ArchiveActivities(TemporalHistories(client), parts.archive)
    return Duty(
        queue=queue,
        workflows=WORKFLOWS,
        activities=(checkpoints.make, checkpoints.stamp, checkpoints.witness, archives.export),
    )


async def begin(client: Client, every: timedelta, queue: str = queues.RECORD) -> None:
    """Begin the workflow that signs checkpoints, unless it runs."""
    await begin_unless_running(
        client,
        CheckpointWorkflow.run,
        every,
        name=CHECKPOINT,
        queue=queue,
        summary="signs the log over all incidents",
    )


async def keep_signing(
    client: Client, parts: RecordParts, stop: asyncio.Event, now: Callable[[], datetime] = utc_now
) -> None:
    """Begin it now, and again whenever somebody has ended it, and archive what was left behind."""
    milestones = TemporalMilestones(client)

    async def once() -> None:
        await begin(client, parts.every)
        for incident, last in await asyncio.to_thread(parts.due, now() - LEFT_BEHIND):
            await milestones.archive(incident, Milestone(kind=Kind.CLOSED, sequence=last))

    await keep_running(once, parts.every, stop, what="checkpoints")
