"""What an object store really does, tried before "locked" is said of anything in it.

Each check asks the store for what must hold, or to do what must not happen, with the identity that
writes evidence. An answer that may pass (no connection, a fault of the server) is neither: it is
raised, and whoever asked tries the whole probe again.

Stores that call themselves S3 have been seen to take a lock's headers and forget them, to take a
wrong checksum, and to let a compliance lock be shortened.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError

from andon.adapters.store.checks import Check, passing, refused, shown
from andon.adapters.store.identities import PROBES
from andon.adapters.store.multipart import Lock, Multipart

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectLockRetentionTypeDef as RetentionTypeDef

Attempt = tuple[str, int, Callable[[], object]]
"""Name of the check, the HTTP status that a refusal has, and what is tried."""

LOCKED_FOR: Final = timedelta(seconds=60)
"""Short, so that what the probe wrote can soon be cleared."""

FORBIDDEN: Final = 403
EXISTS: Final = 412
BAD_DIGEST: Final = 400
CONTENT: Final = b"Andon probe"


@dataclass(frozen=True)
class Identities:
    """Clients of one bucket, by whose identity they use; the more there are, the more can be tried."""

    bucket: str
    engine: S3Client
    auditor: S3Client | None = None
    custodian: S3Client | None = None


def probed(
    identities: Identities, also: Callable[[str, str], Iterable[Check]] = lambda _key, _version: ()
) -> list[Check]:
    """Try the store; all checks passed means that its locks hold for these identities.

    Args:
        identities: with whom to try it.
        also: what else is tried on the probe's object, by key and version.

    Raises:
        ClientError: a fault of the server.
        BotoCoreError: no answer.
    """
    try:
        return list(_Probe.written(identities).checks(also))
    except ClientError as error:
        if passing(error):
            raise
        return [incomplete(str(error))]


def incomplete(why: str) -> Check:
    """Return the check that failed when a probe can't be brought to its end."""
    return Check("probe_ran_to_its_end", passed=False, expected="an answer to each", seen=why, milliseconds=0)


@dataclass(frozen=True)
class _Probe:
    """One locked object, and what is tried on it."""

    who: Identities
    key: str
    until: datetime
    version: str

    @classmethod
    def written(cls, who: Identities) -> _Probe:
        key = f"{PROBES}{secrets.token_hex(12)}"
        until = (datetime.now(UTC) + LOCKED_FOR).replace(microsecond=0)
        made = who.engine.put_object(
            Bucket=who.bucket,
            Key=key,
            Body=CONTENT,
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=_sha256(CONTENT),
            IfNoneMatch="*",
        )
        return cls(who, key, until, made.get("VersionId", "null"))

    def checks(self, also: Callable[[str, str], Iterable[Check]]) -> Iterator[Check]:
        lock = f"COMPLIANCE until {self.until.isoformat()}"
        yield shown("versioning_is_on", "Enabled", self._versioning)
        yield shown("lock_is_recorded", lock, self._retention)
        yield shown("receipt_tells_lock_and_checksum", f"{lock}, {_sha256(CONTENT)}", self._receipt)
        for name, status, attempt in (*self._deletions(), *self._weakenings(), *self._writes()):
            yield refused(name, status, attempt)
        yield shown("parts_become_one_locked_object", lock, self._in_parts)
        if self.who.custodian is not None:
            yield from self._holds(self.who.custodian)
        yield from also(self.key, self.version)
        yield shown("object_is_unchanged", f"1 version, 0 delete markers, {_sha256(CONTENT)}", self._standing)

    def _versioning(self) -> str:
        return self.who.engine.get_bucket_versioning(Bucket=self.who.bucket).get("Status", "off")

    def _retention(self) -> str:
        found = self.who.engine.get_object_retention(
            Bucket=self.who.bucket, Key=self.key, VersionId=self.version
        )["Retention"]
        return f"{found.get('Mode')} until {found['RetainUntilDate'].astimezone(UTC).isoformat()}"

    def _receipt(self, key: str = "") -> str:
        found = self.who.engine.head_object(
            Bucket=self.who.bucket, Key=key or self.key, ChecksumMode="ENABLED"
        )
        until = found.get("ObjectLockRetainUntilDate")
        ends = until.astimezone(UTC).isoformat() if until else "never"
        return f"{found.get('ObjectLockMode')} until {ends}, {found.get('ChecksumSHA256')}"

    def _deletions(self) -> Iterator[Attempt]:
        engine, bucket = self.who.engine, self.who.bucket
        yield "delete_of_locked_version_refused", FORBIDDEN, lambda: self._delete_version(engine)
        yield (
            "delete_with_bypass_refused",
            FORBIDDEN,
            lambda: engine.delete_object(
                Bucket=bucket, Key=self.key, VersionId=self.version, BypassGovernanceRetention=True
            ),
        )
        yield "delete_refused", FORBIDDEN, lambda: engine.delete_object(Bucket=bucket, Key=self.key)

    def _delete_version(self, client: S3Client) -> object:
        return client.delete_object(Bucket=self.who.bucket, Key=self.key, VersionId=self.version)

    def _weakenings(self) -> Iterator[Attempt]:
        engine, bucket = self.who.engine, self.who.bucket
        shorter = self.until - timedelta(seconds=30)
        yield "shortening_refused", FORBIDDEN, lambda: self._retain("COMPLIANCE", shorter)
        yield "weaker_mode_refused", FORBIDDEN, lambda: self._retain("GOVERNANCE", self.until)
        yield (
            "legal_hold_by_engine_refused",
            FORBIDDEN,
            lambda: engine.put_object_legal_hold(
                Bucket=bucket, Key=self.key, VersionId=self.version, LegalHold={"Status": "OFF"}
            ),
        )
        yield (
            "policy_change_by_engine_refused",
            FORBIDDEN,
            # No policy at all: whoever may change it is told so (400), and nothing is changed.
            lambda: engine.put_bucket_policy(Bucket=bucket, Policy="none"),
        )

    def _retain(self, mode: str, until: datetime) -> None:
        retention: RetentionTypeDef = {
            "Mode": "GOVERNANCE" if mode == "GOVERNANCE" else "COMPLIANCE",
            "RetainUntilDate": until,
        }
        self.who.engine.put_object_retention(
            Bucket=self.who.bucket, Key=self.key, VersionId=self.version, Retention=retention
        )

    def _writes(self) -> Iterator[Attempt]:
        engine, auditor, bucket = self.who.engine, self.who.auditor, self.who.bucket
        yield (
            "second_put_refused",
            EXISTS,
            lambda: engine.put_object(Bucket=bucket, Key=self.key, Body=b"other", IfNoneMatch="*"),
        )
        yield "wrong_sha256_refused", BAD_DIGEST, self._put_with_wrong_digest
        if auditor is not None:
            yield (
                "write_by_auditor_refused",
                FORBIDDEN,
                lambda: auditor.put_object(Bucket=bucket, Key=self.key, Body=b"other"),
            )

    def _put_with_wrong_digest(self) -> object:
        return self.who.engine.put_object(
            Bucket=self.who.bucket,
            Key=f"{self.key}-wrong",
            Body=b"other",
            IfNoneMatch="*",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=_sha256(CONTENT),
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=self.until,
        )

    def _in_parts(self) -> str:
        """Put an object of one part, then other bytes under the same key, which must change nothing."""
        uploads, key = Multipart(self.who.engine, self.who.bucket), f"{self.key}-parts"
        lock = Lock("COMPLIANCE", self.until)
        sent = uploads.put(key, [CONTENT], content_type="text/plain", lock=lock)
        uploads.put(key, [b"other"], content_type="text/plain", lock=lock)
        return self._receipt(key).removesuffix(f", {sent.checksum}")

    def _holds(self, custodian: S3Client) -> Iterator[Check]:
        bucket, key, version = self.who.bucket, self.key, self.version

        def set_to(status: Literal["ON", "OFF"]) -> str:
            custodian.put_object_legal_hold(
                Bucket=bucket, Key=key, VersionId=version, LegalHold={"Status": status}
            )
            found = custodian.get_object_legal_hold(Bucket=bucket, Key=key, VersionId=version)
            return found["LegalHold"].get("Status", "none")

        yield shown("hold_by_custodian_is_recorded", "ON", lambda: set_to("ON"))
        yield shown("hold_lifted_by_custodian_is_off", "OFF", lambda: set_to("OFF"))
        yield refused(
            "delete_of_locked_version_by_custodian_refused",
            FORBIDDEN,
            lambda: self._delete_version(custodian),
        )

    def _standing(self) -> str:
        """After all attempts: one version, no delete marker, the same bytes."""
        engine, bucket = self.who.engine, self.who.bucket
        listing = engine.list_object_versions(Bucket=bucket, Prefix=self.key)
        versions = [one for one in listing.get("Versions", []) if not one["Key"].endswith("-parts")]
        markers = listing.get("DeleteMarkers", [])
        content = engine.get_object(Bucket=bucket, Key=self.key)["Body"].read()
        return f"{len(versions)} version, {len(markers)} delete markers, {_sha256(content)}"


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
