"""The courses of those who keep the record: the log signed, an incident archived after its close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.archive import LockedArchive
from andon.adapters.store.log import LockedLog
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.config import DatabaseSettings
from andon.domain.archive import Milestone, archive_workflow
from andon.domain.checkpoint import CHECKPOINT
from andon.domain.ledger import Kind
from andon.register.access_chain import AccessChain
from andon.register.archives import Archives
from andon.register.checkpoints import CheckpointLog
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from workers.build import build_id
from workers.compose import worker_for
from workers.milestones import TemporalMilestones
from workers.record import begin, record_duty

PATIENCE: Final = 30
ROUNDS: Final = 2
EVERY: Final = timedelta(milliseconds=200)


@dataclass(frozen=True)
class Keepers:
    """A log and an archive over a register of their own."""

    log: LockedLog
    archive: LockedArchive
    signed: CheckpointLog
    every: timedelta = EVERY

    def due(self, before: datetime) -> list[tuple[str, int]]:
        return []


def keepers(folder: Path, databases: Databases) -> Keepers:
    """Return them, with a key in a folder."""
    store, register, key = MemoryEvidenceStore(), databases.register, folder / "log.key"
    key.write_bytes(bytes(range(32)))
    signed = CheckpointLog(register)
    access = LockedAccessLog(store, AccessChain(register))
    archive = LockedArchive(store, Archives(register), access, build_id)
    return Keepers(LockedLog(store, signed, key), archive, signed)


Save = Callable[[str, WorkflowHandle[Any, Any]], Awaitable[None]]


async def record_keepers(client: Client, incident: str, folder: Path, save: Save) -> None:
    """Sign the log in two rounds and archive an incident that has ended; save both histories."""
    urls = {f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    settings = DatabaseSettings(**urls)
    migrate(settings)
    databases = open_databases(settings)
    try:
        parts = keepers(folder, databases)
        async with worker_for(client, record_duty(parts, client)), asyncio.timeout(PATIENCE):
            await begin(client, EVERY)
            signing = client.get_workflow_handle(CHECKPOINT)
            while await _timers(signing) < ROUNDS:
                await asyncio.sleep(EVERY.total_seconds())
            await save("signing", signing)
            await signing.terminate("recorded")
            await TemporalMilestones(client).archive(incident, Milestone(kind=Kind.CLOSED, sequence=1))
            archive = client.get_workflow_handle(archive_workflow(incident))
            await archive.result()
            await save("archived", archive)
    finally:
        databases.close()


async def _timers(handle: WorkflowHandle[Any, Any]) -> int:
    events = (await handle.fetch_history()).events
    return sum(one.HasField("timer_fired_event_attributes") for one in events)
