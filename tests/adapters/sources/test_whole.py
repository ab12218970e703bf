"""Named sources through all that stands behind them: guard, activity, vault, locked storage, register."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.evidence import CollectCall, EvidenceActivities, SealCall
from andon.adapters.redaction.guarded import Guard, GuardedSources
from andon.adapters.sources.bounded import RECORD
from andon.adapters.sources.found import RegisteredSources, source_of
from andon.adapters.store.evidence_index import RegisterEvidenceIndex
from andon.adapters.store.s3 import S3EvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import SourceSettings, StoreSettings
from andon.domain.evidence import RowState
from andon.domain.system import AISystem, EvidencePlaces, SourceEntry, Tier
from andon.domain.values import NOTHING_YET
from andon.register.engine import Databases
from andon.register.evidence import Evidence
from andon.register.keys import WrappedKeys
from andon.register.policies import Systems
from tests import fakes
from tests.adapters.conftest import databases
from tests.adapters.sources.asked import INCIDENT, ROWS, entry, means, query
from tests.adapters.sources.serving import Reply, serving

__all__ = ["databases"]

pytestmark = pytest.mark.long
NOW = datetime.now(UTC)
MIB = 1024 * 1024


@pytest.fixture
def vault(databases: Databases, tmp_path: Path) -> AesVault:
    (tmp_path / "master.key").write_bytes(os.urandom(32))
    return AesVault(tmp_path / "master.key", WrappedKeys(databases.register))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "desk"
    folder.mkdir()
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for words in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(("git", *identity, *words), cwd=folder, check=True, timeout=30)
    return folder


async def test_a_snapshot_of_five_named_places_is_sealed_with_what_was_there_and_why_the_rest_was_not(
    databases: Databases, vault: AesVault, desk: Path, s3_settings: StoreSettings, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log.1.gz").write_bytes(gzip.compress(f"{NOW.isoformat()} paid twice\n".encode()))
    with serving(lambda _: Reply(json.dumps([{"at": NOW.isoformat()}]).encode())) as served:
        settings = SourceSettings(
            private_hosts=(served.place,),
            folders={"logs": logs},
            repositories={"desk": desk},
            databases={"crm": SecretStr(f"sqlite:///{tmp_path}/none.db")},
        )
        named = (
            _named("actions", "http_json", "downstream_action", url=served.url, time="at"),
            _named("logs", "files", "application_log", folder="logs", paths="*", form="iso"),
            _named("changes", "git", "change_log", repository="desk"),
            _named("crm", "sql", "affected_record", database="crm", select="SELECT 1"),
            _named("stripe", "no_such_kind", "vendor_status"),
        )
        systems = Systems(databases.register)
        systems.put_system(_desk(named))
        found = GuardedSources(RegisteredSources({}, systems, means(settings)), systems, Guard(vault))
        index = RegisterEvidenceIndex(Evidence(databases.register))
        evidence = EvidenceActivities(found, S3EvidenceStore(s3_settings), vault, index, fakes.now)
        for one in named:
            call = CollectCall(source=one.id, snapshot=1, query=query(), rows=ROWS, at=NOW)
            await ActivityEnvironment().run(evidence.collect, call)
    sealing = SealCall(incident=INCIDENT, snapshot=1, previous=NOTHING_YET, rows=ROWS, at=NOW)
    seal = await ActivityEnvironment().run(evidence.seal, sealing)
    rows = {row.row: row for row in seal.rows}
    for captured in ("downstream_actions", "logs", "deployment_history"):
        assert rows[captured].state is RowState.CAPTURED
    assert (rows["affected"].reason, rows["vendor"].reason) == ("unreachable", "not_configured")
    manifest = await index.manifest(INCIDENT, 1)
    assert {item.collector for item in manifest.items if item.kind != RECORD} == {
        "actions/http_json-1",
        "logs/files-1",
        "changes/git-1",
    }
    assert all(item.locked_until for item in manifest.items)
    assert b"paid twice" not in manifest.model_dump_json().encode()


def _named(source: str, kind: str, supplies: str, **options: str) -> SourceEntry:
    return SourceEntry(id=source, kind=kind, supplies=(supplies,), options=options)


def _desk(sources: tuple[SourceEntry, ...]) -> AISystem:
    places = EvidencePlaces(recorder=False, versions_url=None, sources=sources)
    return AISystem(id="refund_desk", name="Desk", tier=Tier.LOW, owner="bela", evidence=places)


async def test_memory_does_not_grow_with_what_is_read(tmp_path: Path) -> None:
    assert await _peak(tmp_path, 320) < 1.2 * await _peak(tmp_path, 80)


async def _peak(folder: Path, mebibytes: int) -> int:
    """Return the most bytes in use while a file is read in parts and each is let go of."""
    with (folder / "large.log").open("wb") as large:
        large.truncate(mebibytes * MIB)
    described = entry(
        "files",
        "system_log",
        options={"folder": "logs", "paths": "large.log"},
        most_bytes=1024 * MIB,
    )
    source = source_of(described, means(SourceSettings(folders={"logs": folder})))
    tracemalloc.start()
    try:
        read = 0
        async for one in source.collect(query()):
            read += len(getattr(one, "content", b""))
        assert read >= mebibytes * MIB
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
