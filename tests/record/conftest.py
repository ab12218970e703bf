"""Incidents on a real Temporal server, with those who sign the log and archive histories beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.archive import LockedArchive
from andon.adapters.store.log import LockedLog
from andon.domain.checkpoint import CHECKPOINT
from andon.register.access_chain import AccessChain
from andon.register.archives import Archives
from andon.register.checkpoints import CheckpointLog
from tests.care.conftest import temporal, yard
from tests.care.yard import PATIENCE, Yard
from workers.build import build_id
from workers.compose import worker_for
from workers.record import record_duty

__all__ = ["temporal", "yard"]

SEED = bytes(range(32))


@dataclass
class Keeping:
    """The log and the archive over the register and the store of a yard."""

    yard: Yard
    client: Client
    log: LockedLog = field(init=False)
    archive: LockedArchive = field(init=False)
    archives: Archives = field(init=False)
    kept: CheckpointLog = field(init=False)
    every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        behind, register = self.yard.office.behind, self.yard.office.queries.databases.register
        key = self.yard.office.settings.data_dir / "log.key"
        key.write_bytes(SEED)
        self.kept, self.archives = CheckpointLog(register), Archives(register)
        self.log = LockedLog(behind.memory, self.kept, key)
        access = LockedAccessLog(behind.memory, AccessChain(register))
        self.archive = LockedArchive(behind.memory, self.archives, access, build_id)

    def due(self, before: datetime) -> list[tuple[str, int]]:
        return self.archives.due(before)

    @property
    def stored(self) -> dict[str, bytes]:
        return self.yard.office.behind.memory.contents

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Serve the queue of the record."""
        async with worker_for(self.client, record_duty(self, self.client)):
            yield

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait a bounded time for something to be so, and return what it is."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await asyncio.to_thread(condition)):
                await asyncio.sleep(0.02)
        return found

    async def end(self) -> None:
        try:
            await self.client.get_workflow_handle(CHECKPOINT).terminate("the test is over")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


@pytest.fixture
async def keeping(yard: Yard, temporal: Client) -> AsyncIterator[Keeping]:
    keeping = Keeping(yard, temporal)
    async with keeping.working():
        yield keeping
        await keeping.end()
