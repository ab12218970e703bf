"""Evidence in an S3-compatible store with Object Lock.

Each object is put once, with a lock, a SHA-256 that the store checks, and the condition that
nothing stands under its key. What a receipt says is read back from the store: nothing is called
locked because it was asked for. Large objects go up in parts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import chain
from threading import Lock as ThreadLock
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import determine_content_length

from andon.adapters.clock import utc_now
from andon.adapters.store.checks import Check
from andon.adapters.store.multipart import LARGE_BYTES, PART_BYTES, TAKEN, Lock, Multipart, regrouped, slices
from andon.adapters.store.probe import Identities, probed
from andon.config import StoreSettings
from andon.domain.errors import EvidenceStoreError, NotFoundError, StoreConflictError
from andon.domain.values import sha256
from andon.ports import ObjectReceipt

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

SIDE_BY_SIDE: Final = 8
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 30
ATTEMPTS: Final = 2
BEYOND_ITS_END: Final = 416
CHUNK: Final = 1024 * 1024

UNASKED_BYTES: Final = 64 * 1024

T = TypeVar("T")


class S3EvidenceStore:
    """Write-once, locked storage."""

    def __init__(self, settings: StoreSettings, now: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._now = now
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="s3")
        self._making = ThreadLock()
        self._locks_hold = True

    async def put(
        self, key: str, content: bytes, *, content_type: str, retention: timedelta | None = None
    ) -> ObjectReceipt:
        """Store `content` under `key` unless something stands there; a repeat changes nothing."""
        return await self._in_a_thread(partial(self._put, key, content, content_type, retention))

    async def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        retention: timedelta | None = None,
    ) -> ObjectReceipt:
        """Store what is read, like `put`, with never more than two parts of it in memory.

        The chunks are read in a thread, and must come from the beginning at a repeat.
        """
        return await self._in_a_thread(partial(self._put_stream, key, chunks, content_type, retention))

    async def abort_older(self, prefix: str, than: datetime) -> int:
        """Remove what uploads in parts left under a prefix before a moment; say how many they were."""
        return await self._in_a_thread(
            lambda: Multipart(self._client, self._bucket).abort_older(prefix, than)
        )

    async def prove(self) -> list[Check]:
        """Try whether the store's locks hold; unless all do, no receipt says "locked" from now on.

        Raises:
            ClientError: a fault of the server: nothing is proven yet.
            BotoCoreError: no answer: nothing is proven yet.
        """
        self._locks_hold = False
        checks = await self._in_a_thread(lambda: probed(Identities(self._bucket, self._client)))
        self._locks_hold = all(check.passed for check in checks)
        return checks

    async def keep(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store like `put`, without a receipt: the answer to the put says what digest was stored."""
        await self._in_a_thread(partial(self._keep, key, content, content_type))

    async def get(self, key: str) -> bytes:
        """Return the content under `key`."""
        return await self._in_a_thread(partial(self._get, key))

    async def part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of the content under `key`."""
        return await self._in_a_thread(partial(self._part, key, offset, size_bytes))

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""
        return await self._in_a_thread(partial(self._keys, prefix))

    async def _in_a_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    @property
    def _client(self) -> S3Client:
        with self._making:  # clients may be shared by threads, but not made by several at once
            return self._made_client

    @cached_property
    def _made_client(self) -> S3Client:
        settings = self._settings
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key.get_secret_value(),
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                max_pool_connections=SIDE_BY_SIDE,
            ),
        )
        client.meta.events.register_last("before-call.s3.PutObject", _send_small_bodies_unasked)
        return client

    def _put(self, key: str, content: bytes, content_type: str, retention: timedelta | None) -> ObjectReceipt:
        if len(content) > LARGE_BYTES:
            return self._put_parts(key, slices(content), content_type, retention)
        self._send(key, content, content_type, retention)
        return self._matching(key, content)

    def _put_stream(
        self, key: str, chunks: Iterable[bytes], content_type: str, retention: timedelta | None
    ) -> ObjectReceipt:
        parts = regrouped(chunks)
        first = next(parts)
        if len(first) < PART_BYTES:
            return self._put(key, first, content_type, retention)
        return self._put_parts(key, chain((first,), parts), content_type, retention)

    def _put_parts(
        self,
        key: str,
        parts: Iterable[bytes | memoryview],
        content_type: str,
        retention: timedelta | None,
    ) -> ObjectReceipt:
        try:
            sent = Multipart(self._client, self._bucket).put(
                key, parts, content_type=content_type, lock=self._lock(retention)
            )
            found = self._head(key)
        except ClientError as error:
            raise _translated(error, key) from error
        # The digest of the parts' digests vouches for the bytes; other parts have to be read.
        known = sent.sha256 if found.get("ChecksumSHA256") == sent.checksum else None
        receipt = self._receipt_of(key, found, known)
        if receipt.sha256 != sent.sha256:
            raise StoreConflictError(key, receipt.sha256)
        return receipt

    def _lock(self, retention: timedelta | None) -> Lock:
        mode: Literal["GOVERNANCE", "COMPLIANCE"] = (
            "GOVERNANCE" if self._settings.lock_mode == "GOVERNANCE" else "COMPLIANCE"
        )
        return Lock(mode, self._now() + (retention or self._settings.retention))

    def _keep(self, key: str, content: bytes, content_type: str) -> None:
        if self._send(key, content, content_type) != _base64(sha256(content)):
            self._matching(key, content)

    def _matching(self, key: str, content: bytes) -> ObjectReceipt:
        """Return the receipt of what stands under `key`.

        Raises:
            StoreConflictError: it is not `content`.
        """
        receipt = self._receipt(key)
        if receipt.sha256 != sha256(content):
            raise StoreConflictError(key, receipt.sha256)
        return receipt

    def _send(
        self, key: str, content: bytes, content_type: str, retention: timedelta | None = None
    ) -> str | None:
        """Return the checksum that the store says it stored; None: something stood there, or it says none."""
        lock = self._lock(retention)
        try:
            made = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                IfNoneMatch="*",
                # AWS takes no locked object without a word on the algorithm.
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=_base64(sha256(content)),
                ObjectLockMode=lock.mode,
                ObjectLockRetainUntilDate=lock.until,
            )
        except ClientError as error:
            if _status(error) not in TAKEN:
                raise _translated(error, key) from error
            return None
        return made.get("ChecksumSHA256")

    def _receipt(self, key: str) -> ObjectReceipt:
        try:
            found = self._head(key)
        except ClientError as error:
            raise _translated(error, key) from error
        stored = found.get("ChecksumSHA256", "")
        # One of parts, which holds a dash, is no digest of the whole.
        return self._receipt_of(key, found, _hex(stored) if stored and "-" not in stored else None)

    def _head(self, key: str) -> HeadObjectOutputTypeDef:
        return self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")

    def _receipt_of(self, key: str, found: HeadObjectOutputTypeDef, known: str | None) -> ObjectReceipt:
        """Return what the store said of a version; where it can't say the digest, the bytes tell."""
        until, mode = found.get("ObjectLockRetainUntilDate"), found.get("ObjectLockMode", "")
        locked = self._locks_hold and until is not None and bool(mode)
        return ObjectReceipt(
            key=key,
            version_id=found.get("VersionId", ""),
            sha256=known or self._digest(key),
            size_bytes=found["ContentLength"],
            locked_until=until.astimezone(UTC) if until is not None and locked else None,
            lock_mode=mode if locked else "",
        )

    def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise _translated(error, key) from error
        with closing(found["Body"]) as body:
            for chunk in body.iter_chunks(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _get(self, key: str) -> bytes:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise _translated(error, key) from error
        with closing(found["Body"]) as body:
            return body.read()

    def _part(self, key: str, offset: int, size_bytes: int) -> bytes:
        if not size_bytes:
            return b""
        wanted = f"bytes={offset}-{offset + size_bytes - 1}"
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)
        except ClientError as error:
            if _status(error) == BEYOND_ITS_END:
                return b""
            raise _translated(error, key) from error
        with closing(found["Body"]) as body:
            return body.read(size_bytes)

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        try:
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        except ClientError as error:
            raise _translated(error, prefix) from error


def _send_small_bodies_unasked(params: dict[str, Any], **_: object) -> None:
    """Leave out `Expect: 100-continue`, which costs a round trip, where it spares next to nothing."""
    size = determine_content_length(params["body"])
    if size is not None and size <= UNASKED_BYTES:
        params["headers"].pop("Expect", None)


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _hex(checksum: str) -> str:
    return base64.b64decode(checksum).hex()


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def _translated(error: ClientError, key: str) -> Exception:
    """Return what to raise: refusals are ours to name, a fault of the server may pass by itself."""
    status = _status(error)
    if status == 404:
        return NotFoundError("object", key)
    if status >= 500 or status == 409:
        return error
    code = error.response.get("Error", {}).get("Code", "unknown")
    return EvidenceStoreError(f"the store refused {key}: {status} {code}")
