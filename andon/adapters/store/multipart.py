"""Large objects in parts: memory stays flat, and the object appears whole, locked, or not at all.

The store checks each part against its SHA-256. What it then says of the whole is a digest of those
digests (`COMPOSITE`), which only the same bytes in the same parts have. Parts that a kill leaves
behind are no object and no version; they are removed once they are old.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from andon.domain.errors import EvidenceStoreError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import ObjectLockModeType
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES: Final = 8 * 1024 * 1024
LARGE_BYTES: Final = 64 * 1024 * 1024
"""Above this, content that is in memory goes up in parts as well: one request may take too long."""
TAKEN: Final = frozenset({409, 412})
"""Another object stands there (412), or is being put there at this moment (409)."""
MOST_PARTS: Final = 10_000
"""S3's own limit, 78 GiB in parts of this size."""


@dataclass(frozen=True, slots=True)
class Lock:
    """How a version is locked."""

    mode: ObjectLockModeType
    until: datetime


@dataclass
class Sent:
    """What went up, as far as it went."""

    parts: list[CompletedPartTypeDef] = field(default_factory=list)
    size_bytes: int = 0
    whole: hashlib._Hash = field(default_factory=hashlib.sha256)
    composite: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes."""
        return self.whole.hexdigest()

    @property
    def checksum(self) -> str:
        """What the store must say of the whole."""
        return f"{base64.b64encode(self.composite.digest()).decode()}-{len(self.parts)}"

    def add(self, part: bytes | memoryview) -> str:
        """Count one more part and return its checksum."""
        digest = hashlib.sha256(part).digest()
        self.composite.update(digest)
        self.whole.update(part)
        self.size_bytes += len(part)
        checksum = base64.b64encode(digest).decode()
        self.parts.append({"PartNumber": len(self.parts) + 1, "ChecksumSHA256": checksum})
        return checksum


def slices(content: bytes) -> Iterator[memoryview]:
    """Yield content in parts without copying it."""
    view = memoryview(content)
    for start in range(0, len(view), PART_BYTES):
        yield view[start : start + PART_BYTES]


def regrouped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks of any size as parts, all but the last of the same size; at least one."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    yield bytes(held)


class Multipart:
    """Uploads to one bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, parts: Iterable[bytes | memoryview], *, content_type: str, lock: Lock) -> Sent:
        """Send parts and make them one object, unless something stands under `key`; say what was sent.

        Raises:
            ClientError: the store refused; nothing is left of the upload.
            EvidenceStoreError: it has more parts than S3 takes.
        """
        upload = self._client.create_multipart_upload(
            Bucket=self._bucket,
            Key=key,
            ContentType=content_type,
            ChecksumAlgorithm="SHA256",
            ObjectLockMode=lock.mode,
            ObjectLockRetainUntilDate=lock.until,
        )["UploadId"]
        try:
            sent = self._send(key, upload, parts)
            self._complete(key, upload, sent)
        except BaseException:
            with suppress(ClientError, BotoCoreError):  # what went wrong first is what counts
                self._abort(key, upload)
            raise
        return sent

    def abort_older(self, prefix: str, than: datetime) -> int:
        """Remove unfinished uploads under a prefix that began before a moment; say how many."""
        removed = 0
        pages = self._client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for upload in page.get("Uploads", []):
                if upload["Initiated"] < than:
                    self._abort(upload["Key"], upload["UploadId"])
                    removed += 1
        return removed

    def _send(self, key: str, upload: str, parts: Iterable[bytes | memoryview]) -> Sent:
        sent = Sent()
        for part in parts:
            if len(sent.parts) == MOST_PARTS:
                raise EvidenceStoreError(f"{key} has more than {MOST_PARTS} parts")
            checksum = sent.add(part)
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=len(sent.parts),
                Body=bytes(part),
                ChecksumSHA256=checksum,
            )
            sent.parts[-1]["ETag"] = answer["ETag"]
        return sent

    def _complete(self, key: str, upload: str, sent: Sent) -> None:
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": sent.parts},
                IfNoneMatch="*",
            )
        except ClientError as error:
            # A repeat of a request whose answer was lost finds its upload completed, and so gone.
            if error.response.get("Error", {}).get("Code") == "NoSuchUpload":
                return
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in TAKEN:
                raise
            self._abort(key, upload)

    def _abort(self, key: str, upload: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
