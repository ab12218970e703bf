"""A worker that takes one large snapshot, and may be killed at any moment; run by test_snapshot_kills."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.evidence import EvidenceActivities
from andon.adapters.clock import utc_now
from andon.adapters.store.evidence_index import RegisterEvidenceIndex
from andon.adapters.store.s3 import S3EvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import DatabaseSettings, StoreSettings
from andon.domain.errands import EvidenceQuery
from andon.ports import Captured, EvidenceSource
from andon.register.engine import open_databases
from andon.register.evidence import Evidence
from andon.register.keys import WrappedKeys
from infra.embedded.temporal import NAMESPACE
from workers.compose import Duty, worker_for
from workflows import queues
from workflows.evidence_snapshot import EvidenceSnapshotWorkflow

ITEMS: Final = 1_000
LARGE: Final = 70_000
SMALL: Final = 4_000
CURSOR_EVERY: Final = 100
SECONDS_EACH: Final = 0.01
"""What a source that is asked over a network takes."""
CONNECT_ATTEMPTS: Final = 120


def content(number: int) -> bytes:
    """Return what the source has under a number: of three items two are small."""
    return f"item {number} ".encode().ljust(LARGE if number % 3 == 0 else SMALL, b".")


class Endless:
    """A source with a thousand items that can tell where it was."""

    name = "endless"
    version = "1"
    supplies: frozenset[str] = frozenset()

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured]:
        """Yield all items."""
        async for one in self.collect_after(query, "-1"):
            yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured]:
        """Yield what comes behind an item."""
        for number in range(int(cursor or "-1") + 1, ITEMS):
            await asyncio.sleep(SECONDS_EACH)
            yield Captured(
                kind="input",
                content=content(number),
                content_type="text/plain",
                name=f"{number:04d}",
                cursor=str(number) if number % CURSOR_EVERY == CURSOR_EVERY - 1 else "",
            )


class OnlyEndless:
    """The one source there is."""

    async def of(self, system: str, source: str) -> EvidenceSource | None:
        """Return it."""
        return Endless()


def databases_in(folder: Path) -> DatabaseSettings:
    """Return the databases of a folder."""
    return DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    )


async def connected(address: str) -> Client:
    """Connect to a server that may just have been killed."""
    for _ in range(CONNECT_ATTEMPTS):
        try:
            return await Client.connect(address, namespace=NAMESPACE, data_converter=pydantic_data_converter)
        except RuntimeError:
            await asyncio.sleep(0.5)
    raise RuntimeError(f"Temporal at {address} can't be reached")


async def serve(address: str, folder: Path, store: StoreSettings) -> None:
    """Serve the snapshot's workflow and activities until killed."""
    register = open_databases(databases_in(folder)).register
    vault = AesVault(folder / "master.key", WrappedKeys(register))
    index = RegisterEvidenceIndex(Evidence(register))
    evidence = EvidenceActivities(OnlyEndless(), S3EvidenceStore(store), vault, index, utc_now)
    duty = Duty(queues.EVIDENCE, (EvidenceSnapshotWorkflow,), (evidence.collect, evidence.seal))
    async with worker_for(await connected(address), duty):
        await asyncio.Event().wait()


if __name__ == "__main__":
    temporal, place, said = sys.argv[1:]
    asyncio.run(serve(temporal, Path(place), StoreSettings.model_validate_json(Path(said).read_text())))
