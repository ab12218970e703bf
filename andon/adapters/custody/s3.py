"""What the custodian alone may do in an S3-compatible store: hold, lock for longer, end what is free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from andon.config import StoreSettings
from andon.domain.values import IncidentId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SIDE_BY_SIDE: Final = 8
PREFIXES: Final = ("evidence", "manifests", "ledger", "files", "archive")
"""Under each of them an incident's objects lie in a folder named after it."""
UNLOCKED: Final = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One version of one object."""

    key: str
    id: str


class S3Custody:
    """The store as the custodian's identity sees it."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="custody")
        self._making = Lock()

    async def versions(self, incident: IncidentId) -> list[Version]:
        """Return every object version of an incident, whatever it holds."""
        listed = await self._each(lambda prefix: list(self._listed(f"{prefix}/{incident}/")), PREFIXES)
        return [version for some in listed for version in some]

    async def hold(self, versions: list[Version], *, on: bool) -> list[Version]:
        """Set or lift the legal hold of versions, and return those of which the store then says so."""
        said = await self._each(lambda one: self._held(one, on=on), versions)
        return [one for one, holds in zip(versions, said, strict=True) if holds is on]

    async def locked_until(self, version: Version) -> datetime | None:
        """Return until when a version is locked; None: it is not."""
        return (await self._each(self._retention, [version]))[0]

    async def lock_until(self, version: Version, until: datetime) -> datetime | None:
        """Lock a version for longer, never for less, and return until when the store says it is."""
        await self._each(lambda one: self._extend(one, until), [version])
        return await self.locked_until(version)

    async def delete(self, version: Version) -> None:
        """Remove a version whose lock has run out; one that is gone already changes nothing.

        Raises:
            ClientError: the store refuses, since it is locked or held.
        """
        await self._each(self._delete, [version])

    async def _each(self, call: Callable[[T], U], over: list[T] | tuple[T, ...]) -> list[U]:
        loop = asyncio.get_running_loop()
        return list(await asyncio.gather(*(loop.run_in_executor(self._threads, call, one) for one in over)))

    @property
    def _client(self) -> S3Client:
        with self._making:  # clients may be shared by threads, but not made by several at once
            return self._made

    @cached_property
    def _made(self) -> S3Client:
        settings = self._settings
        return boto3.session.Session().client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key.get_secret_value(),
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=3,
                read_timeout=30,
                retries={"total_max_attempts": 2, "mode": "standard"},
                max_pool_connections=SIDE_BY_SIDE,
            ),
        )

    def _listed(self, prefix: str) -> Iterator[Version]:
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Versions", []):
                yield Version(found["Key"], found["VersionId"])

    def _held(self, version: Version, *, on: bool) -> bool:
        self._client.put_object_legal_hold(
            Bucket=self._bucket,
            Key=version.key,
            VersionId=version.id,
            LegalHold={"Status": "ON" if on else "OFF"},
        )
        said = self._client.get_object_legal_hold(Bucket=self._bucket, Key=version.key, VersionId=version.id)
        return said.get("LegalHold", {}).get("Status") == "ON"

    def _retention(self, version: Version) -> datetime | None:
        try:
            said = self._client.get_object_retention(
                Bucket=self._bucket, Key=version.key, VersionId=version.id
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in UNLOCKED:
                return None
            raise
        until = said.get("Retention", {}).get("RetainUntilDate")
        return until.astimezone(UTC) if until else None

    def _extend(self, version: Version, until: datetime) -> None:
        standing = self._retention(version)
        if standing is not None and standing >= until:
            return
        self._client.put_object_retention(
            Bucket=self._bucket,
            Key=version.key,
            VersionId=version.id,
            Retention={
                "Mode": "GOVERNANCE" if self._settings.lock_mode == "GOVERNANCE" else "COMPLIANCE",
                "RetainUntilDate": until,
            },
        )

    def _delete(self, version: Version) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=version.key, VersionId=version.id)
