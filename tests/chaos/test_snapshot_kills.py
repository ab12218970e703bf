"""kill -9 of store, worker and Temporal during a snapshot of a thousand items: whole, and nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from temporalio.service import RPCError

from andon.adapters.store.packs import open_item
from andon.adapters.store.s3 import S3EvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import StoreSettings
from andon.domain.errands import EvidenceQuery, SnapshotOrder
from andon.domain.evidence import EvidenceRow, Seal
from andon.domain.values import NOTHING_YET, sha256
from andon.register.engine import Databases, open_databases, reading
from andon.register.evidence import Evidence
from andon.register.keys import WrappedKeys
from andon.register.migrate import migrate
from andon.register.tables import evidence_captures
from tests.adapters.store.seen import client_of, identity_of
from tests.chaos.snapshot_worker import CURSOR_EVERY, ITEMS, connected, content, databases_in
from tests.embedded.running import RunningStores
from workflows import queues
from workflows.evidence_snapshot import EvidenceSnapshotWorkflow

pytestmark = [pytest.mark.long, pytest.mark.stack, pytest.mark.timeout(580)]

INCIDENT = "INC-20261121-killed"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WITHIN = 500.0
KILLS = ((40, ("weed",)), (100, ("worker",)), (160, ("temporal",)), (240, ("weed", "temporal", "worker")))
"""After so many objects, these are killed."""


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[RunningStores]:
    running = RunningStores(tmp_path)
    try:
        running.start()
        yield running
    finally:
        running.close()


class Mortal:
    """The worker, which is begun again each time it was killed."""

    def __init__(self, address: str, folder: Path, store: StoreSettings) -> None:
        file = folder / "store.json"
        plain = store.model_dump(mode="json") | {"secret_key": store.secret_key.get_secret_value()}
        file.write_text(json.dumps(plain))
        self._command = [sys.executable, "-m", "tests.chaos.snapshot_worker", address, str(folder), str(file)]
        self._log = folder / "worker.log"
        self._process: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdout=log, stderr=log)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def working(mortal: Mortal) -> AsyncIterator[None]:
    await mortal.begin()
    try:
        yield
    finally:
        await mortal.kill()


def intended(databases: Databases) -> int:
    """Count the objects that the worker has set out to store."""
    with reading(databases.register) as connection:
        return connection.execute(select(func.count()).select_from(evidence_captures)).scalar_one()


async def killing(databases: Databases, stores: RunningStores, mortal: Mortal) -> Counter[str]:
    """Kill what is to be killed when the snapshot has come so far."""
    killed: Counter[str] = Counter()
    for objects, names in KILLS:
        while await asyncio.to_thread(intended, databases) < objects:
            await asyncio.sleep(0.05)
        for name in names:
            if name == "worker":
                await mortal.kill()
                await mortal.begin()
            else:
                os.kill(stores.parts()[name][0], 9)
            killed[name] += 1
    return killed


async def snapshot(address: str) -> Seal:
    """Have one taken and wait for its end, through deaths of the server."""
    order = SnapshotOrder(
        incident=INCIDENT,
        parent="incident/that-ended",
        number=1,
        previous=NOTHING_YET,
        query=EvidenceQuery(incident=INCIDENT, system="desk", since=AT - timedelta(hours=1), until=AT),
        rows=(EvidenceRow(id="inputs", kinds=("input",)),),
        sources=("endless",),
        at=AT,
    )
    client = await connected(address)
    handle = await client.start_workflow(
        EvidenceSnapshotWorkflow.run, order, id=f"{INCIDENT}/evidence/1", task_queue=queues.EVIDENCE
    )
    while True:
        try:
            return await handle.result()
        except RPCError:  # the server was killed; the bound is around all of it
            await asyncio.sleep(0.5)


async def test_a_snapshot_of_a_thousand_items_is_whole_whatever_is_killed_meanwhile(
    stores: RunningStores, tmp_path: Path
) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "master.key").write_bytes(os.urandom(32))
    migrate(databases_in(folder))
    address = stores.announcement()["temporal"]
    mortal = Mortal(address, folder, identity_of(stores, "evidence"))
    with closing(open_databases(databases_in(folder))) as databases:
        async with asyncio.timeout(WITHIN), working(mortal), asyncio.TaskGroup() as group:
            deaths = group.create_task(killing(databases, stores, mortal))
            sealed = group.create_task(snapshot(address))
        seal = sealed.result()
        assert seal.items == ITEMS
        told = ", ".join(f"{name} x{count}" for name, count in sorted(deaths.result().items()))
        print(f"\nkilled {told} while {ITEMS} items were stored")
        await whole(databases, stores, folder, seal)


async def whole(databases: Databases, stores: RunningStores, folder: Path, seal: Seal) -> None:
    """Hold the manifest against locked storage, and each item against what the source had."""
    manifest = Evidence(databases.register).manifest(INCIDENT, 1)
    assert manifest.root() == seal.root
    assert len({item.id for item in manifest.items}) == len(manifest.items) == ITEMS
    with closing(client_of(identity_of(stores, "auditor"))) as client:
        pages = client.get_paginator("list_object_versions").paginate(
            Bucket=identity_of(stores, "auditor").bucket, Prefix=f"evidence/{INCIDENT}/"
        )
        listed = list(pages)
    versions = Counter(one["Key"] for page in listed for one in page.get("Versions", []))
    markers = [one["Key"] for page in listed for one in page.get("DeleteMarkers", [])]
    named = {item.key for item in manifest.items}
    assert named <= set(versions)
    assert set(versions) - named <= set(manifest.leftovers)
    assert set(versions.values()) == {1}
    assert markers == []
    store = S3EvidenceStore(identity_of(stores, "auditor"))
    vault = AesVault(folder / "master.key", WrappedKeys(databases.register))
    for item in manifest.items:
        got = await open_item(store, vault, INCIDENT, item)
        assert sha256(got) == sha256(content(int(item.id.rsplit("/", 1)[1])))
        assert item.locked_until is not None
    packs = {item.key for item in manifest.items if item.pack}
    assert len(packs) >= ITEMS // CURSOR_EVERY
    print(
        f"{len(manifest.items)} items in {len(named)} objects, {len(packs)} of them packs; "
        f"leftovers named {len(manifest.leftovers)}, stored {len(set(versions) - named)}; lost 0, twice 0"
    )
