"""The probe names what a store lets through, and "locked" is not said of such a store."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from andon.adapters.store.s3 import S3EvidenceStore
from andon.bootstrap.store import prove_store
from andon.config import StoreSettings
from tests.adapters.conftest import free_ports
from tests.adapters.store.seen import client_of

TEXT = "text/plain"


@pytest.fixture
def forgetful(s3_settings: StoreSettings) -> S3EvidenceStore:
    """A store that takes a lock's headers and forgets them, as some that call themselves S3 do."""
    store = S3EvidenceStore(s3_settings)
    client: Any = store._client
    for call in ("PutObject", "CreateMultipartUpload"):
        client.meta.events.register(f"before-parameter-build.s3.{call}", _forget_the_lock)
    return store


def _forget_the_lock(params: dict[str, Any], **_: object) -> None:
    for name in [name for name in params if name.startswith("ObjectLock")]:
        del params[name]


async def test_each_promise_that_a_store_breaks_is_named(forgetful: S3EvidenceStore) -> None:
    failed = {check.name for check in await forgetful.prove() if not check.passed}
    assert {
        "lock_is_recorded",
        "receipt_tells_lock_and_checksum",
        "delete_of_locked_version_refused",
        "parts_become_one_locked_object",
    } <= failed
    assert not failed & {"versioning_is_on", "wrong_sha256_refused"}


async def test_nothing_in_a_store_that_failed_is_called_locked(s3_settings: StoreSettings) -> None:
    store = S3EvidenceStore(s3_settings)
    prefix = f"t/{secrets.token_hex(6)}"
    assert (await store.put(f"{prefix}/a", b"x", content_type=TEXT)).locked_until is not None
    assert await prove_store(store) is False
    receipt = await store.put(f"{prefix}/b", b"x", content_type=TEXT)
    assert (receipt.locked_until, receipt.lock_mode) == (None, "")


async def test_an_identity_that_may_delete_is_no_identity_to_write_evidence_with(
    s3_settings: StoreSettings,
) -> None:
    checks = {check.name: check for check in await S3EvidenceStore(s3_settings).prove()}
    assert not checks["delete_refused"].passed
    assert not checks["object_is_unchanged"].passed
    assert checks["delete_of_locked_version_refused"].passed
    assert checks["parts_become_one_locked_object"].passed


async def test_a_bucket_without_locks_is_found_out(s3_settings: StoreSettings) -> None:
    plain = s3_settings.model_copy(update={"bucket": f"plain-{secrets.token_hex(4)}"})
    with closing(client_of(s3_settings)) as client:
        client.create_bucket(Bucket=plain.bucket)
    (check,) = await S3EvidenceStore(plain).prove()
    assert (check.name, check.passed) == ("probe_ran_to_its_end", False)


async def test_a_store_that_is_away_proves_nothing_and_is_asked_again() -> None:
    (port,) = free_ports(1)
    away = S3EvidenceStore(StoreSettings(endpoint=f"http://127.0.0.1:{port}", access_key="a"))
    with pytest.raises(EndpointConnectionError):
        await away.prove()


async def test_no_copy_is_ever_asked_for(s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy would take its source's lock for its own: each object is put."""
    asked: list[str] = []
    store = S3EvidenceStore(s3_settings)
    client: Any = store._client
    client.meta.events.register("before-call.s3.*", lambda model, **_: asked.append(model.name))
    prefix = f"t/{secrets.token_hex(6)}"
    monkeypatch.setattr("andon.adapters.store.s3.LARGE_BYTES", 1024 * 1024)
    large = bytes(9 * 1024 * 1024)
    for _ in range(2):
        await store.put(f"{prefix}/small", b"x", content_type=TEXT)
        await store.keep(f"{prefix}/kept", b"x", content_type=TEXT)
        await store.put(f"{prefix}/large", large, content_type=TEXT)
        await store.put_stream(f"{prefix}/stream", iter([large]), content_type=TEXT)
    await store.get(f"{prefix}/small")
    await store.part(f"{prefix}/small", 0, 1)
    await store.keys(prefix)
    assert set(asked) == {
        *("PutObject", "HeadObject", "GetObject", "ListObjectsV2"),
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"),
    }
