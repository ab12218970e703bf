"""The contract of every evidence store, held by the fake and by the real one."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import SecretStr

from andon.adapters.store.ledger import LockedObjects
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.adapters.store.s3 import S3EvidenceStore
from andon.config import StoreSettings
from andon.domain.errors import EvidenceStoreError, NotFoundError, StoreConflictError
from andon.domain.values import sha256
from andon.ports import ObjectReceipt
from tests.adapters.conftest import free_ports

CONTENT = b'{"what": "was seen"}'
TEXT = "text/plain"


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> LockedObjects:
    if request.param == "memory":
        return MemoryEvidenceStore()
    return S3EvidenceStore(request.getfixturevalue("s3_settings"))


@pytest.fixture
def prefix() -> str:
    return f"t/{secrets.token_hex(6)}"


async def test_what_was_put_can_be_had_back(store: LockedObjects, prefix: str) -> None:
    await store.put(f"{prefix}/a", CONTENT, content_type=TEXT)
    assert await store.get(f"{prefix}/a") == CONTENT


async def test_the_receipt_names_digest_size_version_and_lock(store: LockedObjects, prefix: str) -> None:
    receipt = await store.put(f"{prefix}/a", CONTENT, content_type=TEXT)
    assert (receipt.key, receipt.sha256, receipt.size_bytes) == (f"{prefix}/a", sha256(CONTENT), len(CONTENT))
    assert receipt.version_id
    assert receipt.locked_until is not None
    assert receipt.locked_until > datetime.now(UTC) + timedelta(hours=23)


async def test_putting_the_same_twice_gives_the_same_receipt(store: LockedObjects, prefix: str) -> None:
    first = await store.put(f"{prefix}/a", CONTENT, content_type=TEXT)
    assert await store.put(f"{prefix}/a", CONTENT, content_type=TEXT) == first


async def test_other_bytes_under_the_same_key_are_refused_and_named(
    store: LockedObjects, prefix: str
) -> None:
    await store.put(f"{prefix}/a", CONTENT, content_type=TEXT)
    with pytest.raises(StoreConflictError) as refused:
        await store.put(f"{prefix}/a", b"other", content_type=TEXT)
    assert (refused.value.key, refused.value.found) == (f"{prefix}/a", sha256(CONTENT))
    assert await store.get(f"{prefix}/a") == CONTENT


async def test_what_is_kept_without_a_receipt_is_locked_like_all_else(
    store: LockedObjects, prefix: str
) -> None:
    for size in (1, 200_000):
        await store.keep(f"{prefix}/{size}", bytes(size), content_type=TEXT)
        await store.keep(f"{prefix}/{size}", bytes(size), content_type=TEXT)
        standing = await store.put(f"{prefix}/{size}", bytes(size), content_type=TEXT)
        assert (standing.sha256, standing.size_bytes) == (sha256(bytes(size)), size)
        assert standing.locked_until is not None
        with pytest.raises(StoreConflictError) as refused:
            await store.keep(f"{prefix}/{size}", b"other", content_type=TEXT)
        assert refused.value.found == sha256(bytes(size))


async def test_of_many_who_put_at_once_exactly_one_wins(store: LockedObjects, prefix: str) -> None:
    puts = [store.put(f"{prefix}/a", f"{number}".encode(), content_type=TEXT) for number in range(12)]
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(outcome, ObjectReceipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StoreConflictError) for outcome in outcomes) == 11


async def test_what_is_not_there_is_not_found(store: LockedObjects, prefix: str) -> None:
    with pytest.raises(NotFoundError):
        await store.get(f"{prefix}/nothing")


async def test_a_stretch_of_an_object_can_be_had_alone(store: LockedObjects, prefix: str) -> None:
    await store.put(f"{prefix}/a", CONTENT, content_type=TEXT)
    assert await store.part(f"{prefix}/a", 2, 4) == CONTENT[2:6]
    assert await store.part(f"{prefix}/a", len(CONTENT) - 2, 9) == CONTENT[-2:]
    assert await store.part(f"{prefix}/a", len(CONTENT), 1) == b""
    assert await store.part(f"{prefix}/a", 0, 0) == b""
    with pytest.raises(NotFoundError):
        await store.part(f"{prefix}/nothing", 0, 1)


async def test_how_long_an_object_is_locked_can_be_said_with_it(store: LockedObjects, prefix: str) -> None:
    receipt = await store.put(f"{prefix}/a", CONTENT, content_type=TEXT, retention=timedelta(days=3000))
    assert receipt.locked_until is not None
    assert receipt.locked_until > datetime.now(UTC) + timedelta(days=2999)


async def test_keys_are_listed_sorted_under_their_prefix(store: LockedObjects, prefix: str) -> None:
    for name in ("b", "a", "c/d"):
        await store.put(f"{prefix}/{name}", CONTENT, content_type=TEXT)
    assert await store.keys(f"{prefix}/") == [f"{prefix}/a", f"{prefix}/b", f"{prefix}/c/d"]
    assert await store.keys(f"{prefix}/nothing") == []


async def test_an_empty_object_is_an_object(store: LockedObjects, prefix: str) -> None:
    receipt = await store.put(f"{prefix}/a", b"", content_type=TEXT)
    assert (receipt.size_bytes, receipt.sha256) == (0, sha256(b""))


async def test_a_locked_version_can_not_be_deleted(s3_settings: StoreSettings, prefix: str) -> None:
    receipt = await S3EvidenceStore(s3_settings).put(f"{prefix}/a", CONTENT, content_type=TEXT)
    client = boto3.client(
        "s3",
        endpoint_url=s3_settings.endpoint,
        region_name=s3_settings.region,
        aws_access_key_id=s3_settings.access_key,
        aws_secret_access_key=s3_settings.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=s3_settings.bucket, Key=receipt.key, VersionId=receipt.version_id)
    client.close()


async def test_a_wrong_secret_is_a_refusal_of_the_store(s3_settings: StoreSettings, prefix: str) -> None:
    stranger = S3EvidenceStore(s3_settings.model_copy(update={"secret_key": SecretStr("wrong")}))
    with pytest.raises(EvidenceStoreError, match="403"):
        await stranger.put(f"{prefix}/a", CONTENT, content_type=TEXT)


async def test_a_store_that_is_away_is_no_refusal_so_that_it_is_tried_again(prefix: str) -> None:
    (port,) = free_ports(1)
    away = S3EvidenceStore(StoreSettings(endpoint=f"http://127.0.0.1:{port}", access_key="a"))
    with pytest.raises(EndpointConnectionError):
        await away.put(f"{prefix}/a", CONTENT, content_type=TEXT)
