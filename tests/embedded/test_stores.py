"""Temporal and SeaweedFS as `andon up` runs them: what they promise, and what they survive."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from andon.config import StoreSettings, settings
from andon.domain.directory import Role
from infra.embedded.capabilities import prove
from infra.embedded.credentials import Credentials
from infra.embedded.side_doors import SideDoors
from infra.embedded.store import Store
from infra.embedded.temporal import NAMESPACE, RETENTION, SEARCH_ATTRIBUTES
from tests.embedded.conftest import RecordingDisplay
from tests.embedded.running import RunningStores, alive, eventually
from workflows import search_attributes

pytestmark = pytest.mark.stack

RECOVERS_WITHIN = 40.0


def store_of(stores: RunningStores) -> Store:
    credentials = Credentials.model_validate(stores.read("secrets.json"))
    return Store(stores.read("ports.json")["s3"], StoreSettings(), credentials)


@pytest.fixture
def store(shared_stores: RunningStores) -> Store:
    return store_of(shared_stores)


@pytest.fixture
def engine(store: Store) -> Iterator[Any]:
    with closing(store.client(store.credentials.identities["evidence"])) as client:
        yield client


@pytest.fixture
def auditor(shared_stores: RunningStores, store: Store) -> Iterator[Any]:
    said = shared_stores.announcement()["s3"]
    given = store.credentials.identities["auditor"].model_copy(
        update={"access_key": said["access_key"], "secret_key": said["secret_key"]}
    )
    with closing(store.client(given)) as client:
        yield client


def put_locked(client: Any, bucket: str, content: bytes) -> tuple[str, str]:
    key = f"probe/{secrets.token_hex(8)}"
    made = client.put_object(
        Bucket=bucket,
        Key=key,
        Body=content,
        IfNoneMatch="*",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(seconds=60),
        ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
    )
    return key, made["VersionId"]


def refusal(attempt: Callable[[], object]) -> int:
    with pytest.raises(ClientError) as refused:
        attempt()
    return int(refused.value.response["ResponseMetadata"]["HTTPStatusCode"])


async def temporal_of(stores: RunningStores) -> Client:
    return await Client.connect(stores.announcement()["temporal"], namespace=NAMESPACE)


async def test_temporal_keeps_closed_incidents_for_thirty_days(shared_stores: RunningStores) -> None:
    client = await temporal_of(shared_stores)
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    assert found.config.workflow_execution_retention_ttl.seconds == RETENTION.total_seconds()


async def test_temporal_knows_every_search_attribute(shared_stores: RunningStores) -> None:
    client = await temporal_of(shared_stores)
    found = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=NAMESPACE)
    )
    assert dict(found.custom_attributes) == SEARCH_ATTRIBUTES


def test_the_namespace_is_given_what_workflows_search_by() -> None:
    assert set(SEARCH_ATTRIBUTES) == set(search_attributes.NAMES)


def test_the_store_counts_as_locked_only_after_every_check_passed(shared_stores: RunningStores) -> None:
    report = shared_stores.read("capabilities.json")
    assert [check["name"] for check in report["checks"] if not check["passed"]] == []
    assert len(report["checks"]) == 24
    assert report["locked"] is True


def test_the_engine_can_lock_but_neither_delete_nor_weaken(store: Store, engine: Any) -> None:
    key, version = put_locked(engine, store.bucket, b"evidence")
    place = {"Bucket": store.bucket, "Key": key}
    assert refusal(lambda: engine.delete_object(**place)) == 403
    assert refusal(lambda: engine.delete_object(**place, VersionId=version)) == 403
    assert refusal(lambda: engine.put_object_legal_hold(**place, LegalHold={"Status": "ON"})) == 403
    assert refusal(lambda: engine.delete_bucket(Bucket=store.bucket)) == 403
    batch = engine.delete_objects(Bucket=store.bucket, Delete={"Objects": [{"Key": key}]})
    assert [error["Code"] for error in batch["Errors"]] == ["AccessDenied"]
    assert engine.get_object(**place)["Body"].read() == b"evidence"


def test_nobody_not_even_the_provisioner_deletes_evidence_outside_the_probes(
    store: Store, engine: Any
) -> None:
    key = f"evidence/{secrets.token_hex(8)}"
    until = datetime.now(UTC) + timedelta(seconds=1)
    made = engine.put_object(
        Bucket=store.bucket,
        Key=key,
        Body=b"kept",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )
    eventually(lambda: datetime.now(UTC) > until, 5, "the lock has run out")
    with closing(store.client(store.credentials.provisioner)) as provisioner:
        version = made["VersionId"]
        assert (
            refusal(lambda: provisioner.delete_object(Bucket=store.bucket, Key=key, VersionId=version)) == 403
        )
        assert refusal(lambda: provisioner.delete_bucket(Bucket=store.bucket)) in {403, 409}


def test_the_auditor_reads_but_writes_nothing(store: Store, engine: Any, auditor: Any) -> None:
    key, version = put_locked(engine, store.bucket, b"evidence")
    place = {"Bucket": store.bucket, "Key": key}
    assert auditor.get_object(**place)["Body"].read() == b"evidence"
    assert auditor.get_object_retention(**place)["Retention"]["Mode"] == "COMPLIANCE"
    assert refusal(lambda: auditor.put_object(**place, Body=b"other")) == 403
    assert refusal(lambda: auditor.delete_object(**place, VersionId=version)) == 403


async def test_a_store_that_lets_the_engine_delete_is_not_called_locked(
    store: Store, shared_stores: RunningStores, tmp_path: Path, display: RecordingDisplay
) -> None:
    lax = store.credentials.model_copy(
        update={"identities": {**store.credentials.identities, "evidence": store.credentials.provisioner}}
    )
    ports = shared_stores.read("ports.json")
    doors = SideDoors(ports["weed_master"], ports["weed_filer"], ())
    report = tmp_path / "capabilities.json"
    locked = await prove(Store(store.port, store.settings, lax), doors, report, display, lambda _: None)
    assert not locked
    assert any("delete_refused FAILED" in warning for warning in display.warnings)
    assert any("EVIDENCE IS NOT LOCKED" in warning for warning in display.warnings)


def test_the_ready_file_tells_everything_and_only_to_its_owner(shared_stores: RunningStores) -> None:
    said = shared_stores.announcement()
    assert stat.S_IMODE(shared_stores.ready_file.stat().st_mode) == 0o600
    assert set(said["tokens"]) == {role.value for role in Role}
    assert set(said["people"]) == set(said["tokens"].values())
    assert said["ofrep"] == said["door"]
    for name in ("door", "ofrep", "otlp", "console", "temporal_ui"):
        assert said[name].startswith("http://localhost:")
    assert shared_stores.process is not None
    assert said["pid"] == shared_stores.process.pid


def test_nobody_else_reaches_the_data_folder_or_a_secret_in_it(shared_stores: RunningStores) -> None:
    data = shared_stores.data
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    secret = ["secrets.json", "tokens.json", "token_hashes.json", "settings.json", "ready.json"]
    secret += ["keys/master.key", "keys/attestation.key", "weed/s3.json", "weed/tls/node.key"]
    assert {name: stat.S_IMODE((data / name).stat().st_mode) for name in secret} == dict.fromkeys(
        secret, 0o600
    )


def test_the_settings_file_is_what_every_process_reads(
    shared_stores: RunningStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDON_SETTINGS", str(shared_stores.data / "settings.json"))
    settings.cache_clear()
    try:
        read = settings()
    finally:
        settings.cache_clear()
    said = shared_stores.announcement()
    assert (read.profile, read.temporal.address, read.door.url) == (
        "embedded",
        said["temporal"],
        said["door"],
    )
    assert read.store.retention == timedelta(days=400)
    assert len(read.keys.master.read_bytes()) == 32


def test_a_second_start_on_the_same_folder_is_refused_and_names_the_first(
    shared_stores: RunningStores,
) -> None:
    assert shared_stores.process is not None
    second = shared_stores.start_another()
    assert second.returncode == 3
    assert f"pid {shared_stores.process.pid}" in second.stderr.decode()
    assert shared_stores.ready_file.exists()


def test_evidence_outlives_a_kill_of_the_store(
    shared_stores: RunningStores, store: Store, engine: Any
) -> None:
    key, version = put_locked(engine, store.bucket, b"evidence")
    shared_stores.kill_part("weed")

    def takes_locked_objects() -> bool:
        try:
            put_locked(engine, store.bucket, b"later")
        except (BotoCoreError, ClientError):
            return False
        return True

    eventually(takes_locked_objects, RECOVERS_WITHIN, "the store takes locked objects again")
    found = engine.get_object(Bucket=store.bucket, Key=key)
    assert (found["Body"].read(), found["VersionId"], found["ObjectLockMode"]) == (
        b"evidence",
        version,
        "COMPLIANCE",
    )


async def test_workflows_outlive_a_kill_of_temporal(shared_stores: RunningStores) -> None:
    workflow = f"waits-{secrets.token_hex(4)}"
    client = await temporal_of(shared_stores)
    await client.start_workflow("Nobody", id=workflow, task_queue="nobody-listens")
    shared_stores.kill_part("temporal")

    async def found() -> str:
        while True:
            try:
                again = await temporal_of(shared_stores)
                return (await again.get_workflow_handle(workflow).describe()).id
            except RuntimeError:  # no server yet
                await asyncio.sleep(0.05)

    assert await asyncio.wait_for(found(), RECOVERS_WITHIN) == workflow


def test_nothing_outlives_a_kill_of_the_supervisor_and_the_next_start_goes_on(
    own_stores: RunningStores,
) -> None:
    own_stores.start()
    before, parts = own_stores.announcement(), own_stores.parts()
    assert sorted(alive(parts)) == ["temporal", "weed"]
    assert own_stores.process is not None
    os.kill(own_stores.process.pid, signal.SIGKILL)
    own_stores.process.wait(5)
    eventually(lambda: alive(parts) == [], 2, "all parts are gone")
    own_stores.ready_file.unlink()
    own_stores.start()
    after = own_stores.announcement()
    lasting = ("door", "console", "temporal", "s3", "tokens", "people")
    assert {name: before[name] for name in lasting} == {name: after[name] for name in lasting}


def test_ctrl_c_stops_all_of_it_and_takes_the_ready_file_away(own_stores: RunningStores) -> None:
    own_stores.start()
    parts = own_stores.parts()
    assert own_stores.stop(signal.SIGINT) == 0
    assert alive(parts) == []
    assert not own_stores.ready_file.exists()
    assert not (own_stores.data / "ready.json").exists()
