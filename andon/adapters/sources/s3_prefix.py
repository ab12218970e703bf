"""Evidence from another bucket: objects under a prefix that were changed in the window, by their versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from andon.adapters.options import Option
from andon.adapters.sources.asking import skew_of
from andon.adapters.sources.kinds import ANY, SourceKind, SourceMeans
from andon.config import BucketSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import SourceEntry
from andon.domain.values import sha256
from andon.ports import Captured

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART_BYTES: Final = 8 * 1024 * 1024
OPTIONS: Final = {
    "bucket": Option("name of a bucket in the settings under `sources.buckets`", needed=True),
    "prefix": Option("what the keys begin with; `{system}` is filled in"),
    "versions": Option("`current` (default), or `all`: also versions that were written over or deleted"),
}
_REASONS: Final[dict[int, GapReason]] = {
    401: GapReason.DENIED,
    403: GapReason.DENIED,
    404: GapReason.EMPTY,
    405: GapReason.RETENTION,
    410: GapReason.RETENTION,
}


@dataclass(frozen=True, slots=True)
class _Stored:
    key: str
    version: str
    changed: datetime
    size: int
    etag: str
    deleted: bool = False


class S3PrefixSource:
    """Lists, then gets version by version; it never copies, and asks for nothing but list and get."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._kind = entry.supplies[0]
        self._options = entry.options
        self._means = means
        self._bucket = means.named(entry, "bucket", means.settings.buckets, "buckets")
        self._client = _client(self._bucket, means)
        self._skew: int | None = None
        self._asked = means.now()

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield every object of the window, large ones in parts."""
        async for part in self.collect_after(query, ""):
            yield part

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on behind a part of an object."""
        done = tuple(json.loads(cursor)) if cursor else ("", "", 0)
        reading, loop = self._read(query, done), asyncio.get_running_loop()
        # One thread: what is closed while a read still goes on is closed after it.
        with ThreadPoolExecutor(1, thread_name_prefix="s3-source") as thread:
            try:
                while (one := await loop.run_in_executor(thread, next, reading, None)) is not None:
                    yield one
            finally:
                await loop.run_in_executor(thread, reading.close)

    def _read(self, query: EvidenceQuery, done: tuple[Any, ...]) -> Generator[Captured, None, None]:
        key, version, parts = done
        try:
            for one in self._listed(query):
                if (one.key, one.version) < (key, version):
                    continue
                yield from self._parts(one, parts if (one.key, one.version) == (key, version) else 0)
        except ClientError as error:
            raise self._refused(error) from error
        except BotoCoreError as error:
            raise SourceError(self.name, GapReason.UNREACHABLE, type(error).__name__) from error

    def _listed(self, query: EvidenceQuery) -> list[_Stored]:
        """Return what was changed in the window, by key and version."""
        prefix = self._options.get("prefix", "").replace("{system}", query.system)
        self._asked = self._means.now()
        found = self._versions(prefix) if self._options.get("versions") == "all" else self._current(prefix)
        inside = [one for one in found if query.since <= one.changed <= query.until]
        return sorted(inside, key=lambda one: (one.key, one.version))

    def _current(self, prefix: str) -> Iterator[_Stored]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=prefix):
            self._see(page)
            for one in page.get("Contents", []):
                yield _Stored(one["Key"], "", one["LastModified"], one["Size"], one.get("ETag", ""))

    def _versions(self, prefix: str) -> Iterator[_Stored]:
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=prefix):
            self._see(page)
            for one in page.get("Versions", []):
                yield _Stored(
                    one["Key"], one["VersionId"], one["LastModified"], one["Size"], one.get("ETag", "")
                )
            for gone in page.get("DeleteMarkers", []):
                yield _Stored(gone["Key"], gone["VersionId"], gone["LastModified"], 0, "", deleted=True)

    def _parts(self, one: _Stored, done: int) -> Iterator[Captured]:
        if one.deleted:
            told = {"key": one.key, "version": one.version, "deleted_at": one.changed.isoformat()}
            if not done:
                yield self._captured(one, one.version, 1, json.dumps(told).encode(), "application/json")
            return
        versioned: Any = {"VersionId": one.version} if one.version else {}
        got = self._client.get_object(Bucket=self._bucket.bucket, Key=one.key, **versioned)
        version, kind = got.get("VersionId", one.version), got.get("ContentType", "application/octet-stream")
        with closing(got["Body"]) as body:
            number = 0
            while chunk := body.read(PART_BYTES):
                number += 1
                if number > done:
                    yield self._captured(one, version, number, chunk, kind)

    def _captured(
        self, one: _Stored, version: str, number: int, content: bytes, content_type: str
    ) -> Captured:
        lay = f"{one.key} version {version or 'none'} etag {one.etag} {one.changed.isoformat()}"
        return Captured(
            kind=self._kind,
            content=content,
            content_type=content_type,
            # Keys may be personal data; an item's name stands in the manifest, in clear.
            name=f"{sha256(f'{one.key} {one.version}'.encode())[:16]}/{number:04d}",
            source_at=one.changed.astimezone(UTC),
            skew_ms=self._skew,
            origin=f"{self._options['bucket']}: {lay}",
            cursor=json.dumps([one.key, one.version, number]),
        )

    def _see(self, page: Any) -> None:
        """Compare the store's clock with ours, once."""
        if self._skew is None:
            date = page["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
            self._skew = skew_of(date, self._asked, self._means.now())

    def _refused(self, error: ClientError) -> SourceError:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response.get("Error", {}).get("Code", "")
        reason = _REASONS.get(status, GapReason.UNREACHABLE if status >= 500 else GapReason.REFUSED)
        if code in {"NoSuchBucket", "InvalidBucketName"}:
            reason = GapReason.NOT_CONFIGURED
        return SourceError(self.name, reason, f"HTTP {status} {code}".strip())


def _client(bucket: BucketSettings, means: SourceMeans) -> S3Client:
    seconds = means.settings.timeout.total_seconds()
    return boto3.session.Session().client(
        "s3",
        endpoint_url=bucket.endpoint or None,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key.get_secret_value(),
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=seconds,
            read_timeout=seconds,
            retries={"total_max_attempts": 3, "mode": "standard"},
        ),
    )


def check(entry: SourceEntry) -> None:
    """Refuse options that can't be used."""
    if entry.options.get("versions", "current") not in {"current", "all"}:
        raise InvalidInputError(f"source {entry.id}: option versions is current or all")


KIND: Final = SourceKind(
    name="s3_prefix", version="1", options=OPTIONS, supplies=ANY, build=S3PrefixSource, check=check
)
