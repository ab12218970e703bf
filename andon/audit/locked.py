"""What locked storage holds of an incident, read with the auditor's own identity."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from andon.audit.chain import LockedCopies, LockedObject
from andon.domain.errors import EvidenceStoreError, NotFoundError
from andon.domain.values import Frozen, IncidentId, Sha256Hex

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

SIDE_BY_SIDE: Final = 8
CHUNK: Final = 1024 * 1024
LEDGER: Final = "ledger/"
KEPT_WHOLE: Final = ("evidence/", "archive/")
UNLOCKED: Final = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "404"})
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class StoreAccess(Frozen):
    """Where the store is, and the read-only identity the auditor uses."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: SecretStr
    region: str = "us-east-1"


class Shelf(Protocol):
    """Where evidence goes as it is read."""

    def kept(self, key: str) -> Sha256Hex | None:
        """Return the digest of an object that is there already; None: read it."""

    def stream(self, key: str, chunks: Iterable[bytes]) -> Sha256Hex:
        """Take an object piece by piece and return the digest of what was taken."""


@dataclass
class _Seen:
    versions: int = 0
    markers: int = 0
    newest: str | None = None


class LockedReader:
    """Reads one bucket."""

    def __init__(self, access: StoreAccess) -> None:
        self._bucket = access.bucket
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=access.endpoint,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key.get_secret_value(),
            region_name=access.region,
            config=Config(
                s3={"addressing_style": "path"},
                # A proxy of the caller's environment has no business with loopback.
                proxies={} if urlsplit(access.endpoint).hostname in LOOPBACK else None,
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 3},
                max_pool_connections=SIDE_BY_SIDE,
            ),
        )

    def copies(self, incident: IncidentId, shelf: Shelf | None = None) -> LockedCopies:
        """Read every object of an incident and hash its bytes.

        Args:
            incident: whose objects.
            shelf: where evidence goes that is read; what is there already is not read again.

        Raises:
            EvidenceStoreError: the store can't be reached, or refuses this identity.
        """
        try:
            seen = self._seen(incident)
            with ThreadPoolExecutor(SIDE_BY_SIDE) as readers:
                read = list(readers.map(lambda key: self._read(key, seen[key], shelf), seen))
        except (ClientError, BotoCoreError) as error:
            raise EvidenceStoreError(f"the evidence store: {error}") from error
        return LockedCopies(objects=dict(zip(seen, read, strict=True)), checked_at=datetime.now(UTC))

    def read(self, key: str) -> bytes | None:
        """Return a small object; None if there is none.

        Raises:
            EvidenceStoreError: the store can't be reached, or refuses this identity.
        """
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise EvidenceStoreError(f"the evidence store: {error}") from error
        except BotoCoreError as error:
            raise EvidenceStoreError(f"the evidence store: {error}") from error

    def must_read(self, key: str) -> bytes:
        """Return a small object.

        Raises:
            NotFoundError: there is none.
            EvidenceStoreError: the store can't be reached, or refuses this identity.
        """
        found = self.read(key)
        if found is None:
            raise NotFoundError("object", key)
        return found

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix.

        Raises:
            EvidenceStoreError: the store can't be reached, or refuses this identity.
        """
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", [])]
        except (ClientError, BotoCoreError) as error:
            raise EvidenceStoreError(f"the evidence store: {error}") from error

    def lines(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield key and text of each object under a prefix, sorted by key.

        Raises:
            EvidenceStoreError: the store can't be reached, or refuses this identity.
        """
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                for found in page.get("Contents", []):
                    body = self._client.get_object(Bucket=self._bucket, Key=found["Key"])["Body"].read()
                    yield found["Key"], body.decode("utf-8", "replace")
        except (ClientError, BotoCoreError) as error:
            raise EvidenceStoreError(f"the evidence store: {error}") from error

    def _seen(self, incident: IncidentId) -> dict[str, _Seen]:
        found: dict[str, _Seen] = defaultdict(_Seen)
        pages = self._client.get_paginator("list_object_versions")
        for folder in ("ledger", "manifests", "evidence", "archive"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{folder}/{incident}/"):
                for version in page.get("Versions", []):
                    one = found[version["Key"]]
                    one.versions += 1
                    if one.newest is None or version.get("IsLatest"):
                        one.newest = version["VersionId"]
                for marker in page.get("DeleteMarkers", []):
                    found[marker["Key"]].markers += 1
        return dict(found)

    def _read(self, key: str, seen: _Seen, shelf: Shelf | None) -> LockedObject:
        if seen.newest is None:
            return LockedObject(hashlib.sha256().hexdigest(), 0, seen.markers, None)
        wanted = shelf if key.startswith(KEPT_WHOLE) else None
        kept = wanted.kept(key) if wanted is not None else None
        ask = self._client.head_object if kept else self._client.get_object
        got: Any = ask(Bucket=self._bucket, Key=key, VersionId=seen.newest)
        lines: tuple[Sha256Hex, ...] = ()
        if kept is not None:
            digest = kept
        elif wanted is not None:
            digest = wanted.stream(key, got["Body"].iter_chunks(CHUNK))
        else:
            digest, lines = _hashed(got["Body"].iter_chunks(CHUNK), by_line=key.startswith(LEDGER))
        until = got.get("ObjectLockRetainUntilDate") or self._retention(key, seen.newest)
        return LockedObject(
            sha256=digest,
            lines=lines,
            versions=seen.versions,
            delete_markers=seen.markers,
            locked_until=until.astimezone(UTC) if until else None,
            version_id=seen.newest,
            size_bytes=got["ContentLength"],
            mode=got.get("ObjectLockMode") or "",
        )

    def _retention(self, key: str, version: str) -> datetime | None:
        try:
            answer = self._client.get_object_retention(Bucket=self._bucket, Key=key, VersionId=version)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in UNLOCKED:
                return None
            raise
        return answer.get("Retention", {}).get("RetainUntilDate")


def _hashed(chunks: Iterable[bytes], *, by_line: bool) -> tuple[Sha256Hex, tuple[Sha256Hex, ...]]:
    digest, content = hashlib.sha256(), b""
    for chunk in chunks:
        digest.update(chunk)
        content += chunk if by_line else b""
    return digest.hexdigest(), _lines(content) if by_line else ()


def _lines(content: bytes) -> tuple[Sha256Hex, ...]:
    """Return the digest of each line; one that no line break ends brings an empty one with it."""
    *lines, rest = content.split(b"\n")
    return tuple(hashlib.sha256(line).hexdigest() for line in (*lines, *([rest, b""] if rest else ())))
