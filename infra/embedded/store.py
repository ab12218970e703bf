"""The bucket that holds evidence: made with Object Lock, its rights set, its probes cleared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from andon.adapters.store.checks import passing, status_of
from andon.adapters.store.identities import BY_NAME, PROBES, bucket_policy
from andon.config import StoreSettings
from infra.embedded.credentials import Credentials, S3Identity
from infra.embedded.part import Say

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import DefaultRetentionTypeDef

T = TypeVar("T")

PRINCIPAL: Final = "arn:aws:iam::000000000000:user/"
"""How SeaweedFS names identities of its configuration file in a bucket policy."""

CONNECT_WITHIN = 2.0
READ_WITHIN = 10.0
PAUSE = 0.05


@dataclass(frozen=True)
class Store:
    """The embedded object store, seen as each of its identities."""

    port: int
    settings: StoreSettings
    credentials: Credentials

    @property
    def bucket(self) -> str:
        """Name of the evidence bucket."""
        return self.settings.bucket

    @property
    def endpoint(self) -> str:
        """Address of the S3 API."""
        return f"http://localhost:{self.port}"

    def client(self, identity: S3Identity) -> S3Client:
        """Return an S3 client whose calls are bounded and tried once."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=identity.access_key,
            aws_secret_access_key=identity.secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=CONNECT_WITHIN,
                read_timeout=READ_WITHIN,
                retries={"total_max_attempts": 1},
                # A proxy of the caller's environment has no business with loopback.
                proxies={},
            ),
        )

    async def answers(self) -> None:
        """Return when S3 accepts connections."""
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(PAUSE)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def provision(self) -> None:
        """Make the bucket if it is missing, set its lock and policy, and clear old probes.

        Raises:
            ClientError: the store refuses; right after a crash it may do so for a while.
        """
        with closing(self.client(self.credentials.provisioner)) as client:
            if self.bucket not in {bucket.get("Name") for bucket in client.list_buckets()["Buckets"]}:
                client.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=True)
            retention: DefaultRetentionTypeDef = {
                "Mode": "GOVERNANCE" if self.settings.lock_mode == "GOVERNANCE" else "COMPLIANCE",
                "Days": self.settings.retention.days,
            }
            client.put_object_lock_configuration(
                Bucket=self.bucket,
                ObjectLockConfiguration={
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": retention},
                },
            )
            principals = {name: f"{PRINCIPAL}{name}" for name in ("provisioner", *BY_NAME)}
            policy = json.dumps(bucket_policy(self.bucket, principals))
            client.put_bucket_policy(Bucket=self.bucket, Policy=policy)
            self._clear_probes(client)

    def _clear_probes(self, client: S3Client) -> None:
        listing = client.list_object_versions(Bucket=self.bucket, Prefix=PROBES, MaxKeys=1000)
        found = [*listing.get("Versions", []), *listing.get("DeleteMarkers", [])]
        for version in found:
            try:
                client.delete_object(Bucket=self.bucket, Key=version["Key"], VersionId=version["VersionId"])
            except ClientError as error:
                if status_of(error) != 403:  # 403: its lock has not run out
                    raise


async def patiently(call: Callable[[], T], say: Say) -> T:
    """Return what `call` gives, tried again while the store is not itself yet.

    After a kill the store answers some 15 s before it takes a locked object. The caller
    bounds the wait.

    Raises:
        ClientError: the store refuses for a reason that stays.
    """
    while True:
        try:
            return await asyncio.to_thread(call)
        except (BotoCoreError, ClientError) as error:
            if not passing(error):
                raise
            say(f"the store to recover ({type(error).__name__})")
            await asyncio.sleep(PAUSE * 5)
