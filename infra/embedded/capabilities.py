"""What the object store really does, tried at each start before "locked" is claimed.

Each check asks the store to do what must not happen, as the engine, the identity that
Andon's own processes use, and wants a refusal. An answer that may pass (no connection, a
fault of the server) is neither: the whole probe is tried again, for a bounded time.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from andon.adapters.store.identities import PROBES
from infra.embedded.checks import Check, equal, refused
from infra.embedded.folder import write_private_json
from infra.embedded.part import Say
from infra.embedded.progress import Display
from infra.embedded.side_doors import SideDoors
from infra.embedded.store import Store, passing, patiently

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectLockRetentionTypeDef as RetentionTypeDef

Attempt = tuple[str, int, Callable[[], object]]
"""Name of the check, the HTTP status that a refusal has, and what is tried."""

LOCKED_FOR: Final = timedelta(seconds=60)
"""Short, so that the next start can clear the probe's objects."""

CLEAR_WITHIN: Final = 60.0
"""Seconds in which a store that was killed takes locked objects again."""

FORBIDDEN: Final = 403
EXISTS: Final = 412
BAD_DIGEST: Final = 400
CONTENT: Final = b"Andon start-up probe"

LIMITS: Final = (
    "Locks hold against everybody who comes through S3. Root, and whoever runs as this user, can "
    "remove the files themselves; digests in the ledger find that out, a second store repairs it.",
    "The provisioning identity, kept in secrets.json, may change the bucket's policy and default "
    "retention, but can't shorten a lock or delete a locked object.",
    "The engine chooses the retention of what it writes: the store holds it to what it asked for, "
    "but lets it ask for little.",
)


@dataclass(frozen=True)
class _Probe:
    """One locked object and what is tried on it."""

    store: Store
    side_doors: SideDoors
    key: str
    until: datetime
    version: str
    engine: S3Client
    auditor: S3Client

    @classmethod
    def write(cls, store: Store, side_doors: SideDoors, engine: S3Client, auditor: S3Client) -> _Probe:
        key = f"{PROBES}{secrets.token_hex(12)}"
        until = (datetime.now(UTC) + LOCKED_FOR).replace(microsecond=0)
        made = engine.put_object(
            Bucket=store.bucket,
            Key=key,
            Body=CONTENT,
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
            ChecksumSHA256=_sha256(CONTENT),
            IfNoneMatch="*",
        )
        return cls(store, side_doors, key, until, made.get("VersionId", "null"), engine, auditor)

    def checks(self) -> Iterator[Check]:
        yield self._kept()
        for name, status, attempt in (*self._deletions(), *self._weakenings(), *self._writes()):
            yield refused(name, status, attempt)
        yield from self.side_doors.checks(self.store.bucket, self.key, self.version)
        yield self._default_retention()
        yield self._unchanged()

    def _deletions(self) -> Iterator[Attempt]:
        engine, bucket, key, version = self.engine, self.store.bucket, self.key, self.version
        yield (
            "delete_of_locked_version_refused",
            FORBIDDEN,
            lambda: engine.delete_object(Bucket=bucket, Key=key, VersionId=version),
        )
        yield (
            "delete_with_bypass_refused",
            FORBIDDEN,
            lambda: engine.delete_object(
                Bucket=bucket, Key=key, VersionId=version, BypassGovernanceRetention=True
            ),
        )
        yield "delete_refused", FORBIDDEN, lambda: engine.delete_object(Bucket=bucket, Key=key)

    def _weakenings(self) -> Iterator[Attempt]:
        engine, bucket, key, version = self.engine, self.store.bucket, self.key, self.version
        shorter: RetentionTypeDef = {
            "Mode": "COMPLIANCE",
            "RetainUntilDate": self.until - timedelta(seconds=30),
        }
        weaker: RetentionTypeDef = {"Mode": "GOVERNANCE", "RetainUntilDate": self.until}
        for name, retention in (("shortening_refused", shorter), ("weaker_mode_refused", weaker)):
            yield (
                name,
                FORBIDDEN,
                partial(
                    engine.put_object_retention,
                    Bucket=bucket,
                    Key=key,
                    VersionId=version,
                    Retention=retention,
                ),
            )
        yield (
            "legal_hold_by_engine_refused",
            FORBIDDEN,
            lambda: engine.put_object_legal_hold(
                Bucket=bucket, Key=key, VersionId=version, LegalHold={"Status": "OFF"}
            ),
        )
        yield (
            "policy_change_by_engine_refused",
            FORBIDDEN,
            lambda: engine.delete_bucket_policy(Bucket=bucket),
        )

    def _writes(self) -> Iterator[Attempt]:
        engine, auditor, bucket, key = self.engine, self.auditor, self.store.bucket, self.key
        yield (
            "second_put_refused",
            EXISTS,
            lambda: engine.put_object(Bucket=bucket, Key=key, Body=b"other", IfNoneMatch="*"),
        )
        yield "wrong_sha256_refused", BAD_DIGEST, self._put_with_wrong_digest
        yield (
            "write_by_auditor_refused",
            FORBIDDEN,
            lambda: auditor.put_object(Bucket=bucket, Key=key, Body=b"other"),
        )

    def _kept(self) -> Check:
        began = time.monotonic()
        found = self.engine.get_object_retention(
            Bucket=self.store.bucket, Key=self.key, VersionId=self.version
        )["Retention"]
        seen = f"{found.get('Mode')} until {found['RetainUntilDate'].astimezone(UTC).isoformat()}"
        return equal("lock_is_recorded", f"COMPLIANCE until {self.until.isoformat()}", seen, began)

    def _put_with_wrong_digest(self) -> object:
        return self.engine.put_object(
            Bucket=self.store.bucket,
            Key=f"{self.key}-wrong",
            Body=b"other",
            ChecksumSHA256=_sha256(CONTENT),
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=self.until,
        )

    def _default_retention(self) -> Check:
        began = time.monotonic()
        with closing(self.store.client(self.store.credentials.provisioner)) as client:
            lock = client.get_object_lock_configuration(Bucket=self.store.bucket)["ObjectLockConfiguration"]
        rule = lock.get("Rule", {}).get("DefaultRetention", {})
        settings = self.store.settings
        wanted = f"{settings.lock_mode} for {settings.retention.days} days"
        seen = f"{rule.get('Mode')} for {rule.get('Days')} days"
        return equal("default_retention_is_set", wanted, seen, began)

    def _unchanged(self) -> Check:
        """After all attempts: one version, no delete marker, nothing of the wrong digest, the same bytes."""
        began = time.monotonic()
        listing = self.auditor.list_object_versions(Bucket=self.store.bucket, Prefix=self.key)
        versions, markers = listing.get("Versions", []), listing.get("DeleteMarkers", [])
        content = self.auditor.get_object(Bucket=self.store.bucket, Key=self.key)["Body"].read()
        seen = f"{len(versions)} version, {len(markers)} delete markers, sha256 {_sha256(content)}"
        wanted = f"1 version, 0 delete markers, sha256 {_sha256(CONTENT)}"
        return equal("object_is_unchanged", wanted, seen, began)


async def prove(store: Store, side_doors: SideDoors, report: Path, display: Display, say: Say) -> bool:
    """Try the store, write `report`, and return whether evidence in it is locked."""
    say("a locked object to be taken")
    try:
        async with asyncio.timeout(CLEAR_WITHIN):
            checks = await patiently(lambda: _attempt(store, side_doors), say)
    except TimeoutError:
        checks = [_incomplete(f"no clear answer in {CLEAR_WITHIN:.0f} s")]
    locked = all(check.passed for check in checks)
    write_private_json(
        report,
        {
            "checked_at": datetime.now(UTC).isoformat(),
            "endpoint": store.endpoint,
            "bucket": store.bucket,
            "locked": locked,
            "checks": [asdict(check) for check in checks],
            "limits": list(LIMITS),
        },
    )
    _tell(checks, display)
    return locked


def _attempt(store: Store, side_doors: SideDoors) -> list[Check]:
    done: list[Check] = []
    with (
        closing(store.client(store.credentials.identities["evidence"])) as engine,
        closing(store.client(store.credentials.identities["auditor"])) as auditor,
    ):
        try:
            done.extend(_Probe.write(store, side_doors, engine, auditor).checks())
        except ClientError as error:
            if passing(error):
                raise
            done.append(_incomplete(str(error)))
    return done


def _incomplete(why: str) -> Check:
    return Check(
        "probe_ran_to_its_end", passed=False, expected="an answer to each attempt", seen=why, milliseconds=0
    )


def _tell(checks: list[Check], display: Display) -> None:
    failed = [check for check in checks if not check.passed]
    for check in failed:
        display.warn(f"evidence store: {check.name} FAILED: wanted {check.expected}, saw {check.seen}")
    if failed:
        display.warn("EVIDENCE IS NOT LOCKED: what is stored now can be changed or removed")
    else:
        display.note(f"evidence store: locked, {len(checks)} checks passed")


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
