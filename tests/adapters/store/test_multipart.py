"""Large objects in parts, on a real store: whole and locked, or not there at all."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from andon.adapters.store.multipart import PART_BYTES, regrouped
from andon.adapters.store.s3 import S3EvidenceStore
from andon.config import StoreSettings
from andon.domain.errors import StoreConflictError
from andon.domain.values import sha256
from andon.ports import ObjectReceipt
from tests.adapters.store.seen import client_of

CONTENT = secrets.token_bytes(64 * 1024) * 40 * 8
"""20 MiB: two parts and a bit."""
TEXT = "text/plain"


@pytest.fixture
def store(s3_settings: StoreSettings) -> S3EvidenceStore:
    return S3EvidenceStore(s3_settings)


@pytest.fixture
def client(s3_settings: StoreSettings) -> Iterator[Any]:
    with closing(client_of(s3_settings)) as client:
        yield client


@pytest.fixture
def key() -> str:
    return f"t/{secrets.token_hex(6)}/large"


def chunks(content: bytes = CONTENT, size: int = 1_000_000) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def unfinished(client: Any, bucket: str, prefix: str) -> list[str]:
    found = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
    return [upload["UploadId"] for upload in found.get("Uploads", [])]


@pytest.mark.parametrize("size", [1, 3, PART_BYTES - 1, PART_BYTES, 3 * PART_BYTES])
def test_chunks_of_any_size_become_parts_of_one_size(size: int) -> None:
    content = CONTENT[: PART_BYTES + 5] if size < 100 else CONTENT
    parts = list(regrouped(chunks(content, size if size > 100 else 4096 * size)))
    assert b"".join(parts) == content
    assert {len(part) for part in parts[:-1]} <= {PART_BYTES}
    assert 0 < len(parts[-1]) <= PART_BYTES


async def test_what_was_streamed_is_one_locked_version_with_the_digest_of_the_whole(
    store: S3EvidenceStore, client: Any, key: str, s3_settings: StoreSettings
) -> None:
    receipt = await store.put_stream(key, chunks(), content_type=TEXT)
    assert (receipt.sha256, receipt.size_bytes) == (sha256(CONTENT), len(CONTENT))
    assert receipt.lock_mode == "COMPLIANCE"
    assert receipt.locked_until is not None
    assert receipt.locked_until > datetime.now(UTC) + timedelta(days=399)
    assert await store.get(key) == CONTENT
    found = client.head_object(Bucket=s3_settings.bucket, Key=key, ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"].endswith("-3")


async def test_a_repeat_gives_the_same_receipt_and_leaves_no_second_version(
    store: S3EvidenceStore, client: Any, key: str, s3_settings: StoreSettings
) -> None:
    first = await store.put_stream(key, chunks(), content_type=TEXT)
    assert await store.put_stream(key, chunks(size=77_777), content_type=TEXT) == first
    listed = client.list_object_versions(Bucket=s3_settings.bucket, Prefix=key)
    assert len(listed["Versions"]) == 1
    assert unfinished(client, s3_settings.bucket, key) == []


async def test_other_bytes_are_a_conflict_that_names_what_stands_there(
    store: S3EvidenceStore, key: str
) -> None:
    await store.put_stream(key, chunks(), content_type=TEXT)
    with pytest.raises(StoreConflictError) as refused:
        await store.put_stream(key, chunks(CONTENT[:-1] + b"!"), content_type=TEXT)
    assert refused.value.found == sha256(CONTENT)


async def test_what_fits_into_one_part_is_put_at_once(
    store: S3EvidenceStore, client: Any, key: str, s3_settings: StoreSettings
) -> None:
    receipt = await store.put_stream(key, chunks(b"small"), content_type=TEXT)
    assert receipt.sha256 == sha256(b"small")
    found = client.head_object(Bucket=s3_settings.bucket, Key=key, ChecksumMode="ENABLED")
    assert "-" not in found["ChecksumSHA256"]


async def test_a_source_that_breaks_off_leaves_neither_object_nor_parts(
    store: S3EvidenceStore, client: Any, key: str, s3_settings: StoreSettings
) -> None:
    def broken() -> Iterator[bytes]:
        yield CONTENT[: PART_BYTES + 1]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await store.put_stream(key, broken(), content_type=TEXT)
    assert unfinished(client, s3_settings.bucket, key) == []
    assert await store.keys(key) == []


async def test_of_two_who_stream_at_once_exactly_one_wins(store: S3EvidenceStore, key: str) -> None:
    other = CONTENT[::-1]
    outcomes = await asyncio.gather(
        *(store.put_stream(key, chunks(content), content_type=TEXT) for content in (CONTENT, other)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        ObjectReceipt.__name__,
        StoreConflictError.__name__,
    ]


async def test_old_leftovers_are_removed_by_prefix_and_fresh_ones_stay(
    store: S3EvidenceStore, client: Any, key: str, s3_settings: StoreSettings
) -> None:
    place = {"Bucket": s3_settings.bucket, "Key": key}
    left = client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    assert await store.abort_older(key, datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await store.abort_older("elsewhere/", datetime.now(UTC) + timedelta(hours=1)) == 0
    assert unfinished(client, s3_settings.bucket, key) == [left]
    assert await store.abort_older(key, datetime.now(UTC) + timedelta(hours=1)) == 1
    assert unfinished(client, s3_settings.bucket, key) == []


@pytest.mark.long
async def test_large_content_in_memory_goes_up_in_parts_as_well(store: S3EvidenceStore, key: str) -> None:
    content = CONTENT * 4
    receipt = await store.put(key, content, content_type=TEXT)
    assert receipt.sha256 == sha256(content)
    assert await store.put(key, content, content_type=TEXT) == receipt


STREAM = """
import asyncio, json, pathlib, sys
from andon.adapters.store.s3 import S3EvidenceStore
from andon.config import StoreSettings
said, key, mebibytes = sys.argv[1:]
store = S3EvidenceStore(StoreSettings(**json.loads(said)))
chunks = (bytes([number % 251]) * 1048576 for number in range(int(mebibytes)))
asyncio.run(store.put_stream(key, chunks, content_type="x/y"))
status = pathlib.Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.long
def test_ten_times_the_size_takes_no_more_memory(s3_settings: StoreSettings, key: str) -> None:
    secret = s3_settings.secret_key.get_secret_value()
    said = s3_settings.model_dump(mode="json") | {"secret_key": secret}
    taken = []
    for mebibytes in ("32", "320"):
        command = [sys.executable, "-c", STREAM, json.dumps(said), f"{key}/{mebibytes}", mebibytes]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        taken.append(int(done.stdout) / 1024)
    small, large = taken
    print(f"at most {small:.0f} MiB for 32 MiB, {large:.0f} MiB for 320 MiB")
    assert large < small + 3 * PART_BYTES / 2**20
