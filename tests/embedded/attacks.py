"""What somebody who holds a key of the store may try on a locked object, through S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

DONE: Final = "done"


@dataclass(frozen=True)
class Target:
    """One locked version, under legal hold or not."""

    bucket: str
    key: str
    version: str
    until: datetime

    @property
    def place(self) -> dict[str, str]:
        """Name it in a request."""
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def exact(self) -> dict[str, str]:
        """Name its version in a request."""
        return {**self.place, "VersionId": self.version}


Attack = Callable[[Any, Target], object]


class RefusedInBodyError(Exception):
    """The call for many objects answers 200 and says in its body what it refused."""


def _among_many(*, version: bool) -> Attack:
    def attack(client: Any, target: Target) -> None:
        named = {"Key": target.key, **({"VersionId": target.version} if version else {})}
        answer = client.delete_objects(
            Bucket=target.bucket, Delete={"Objects": [named]}, BypassGovernanceRetention=True
        )
        if not answer.get("Deleted"):
            raise RefusedInBodyError(answer["Errors"][0]["Code"])

    return attack


def _retained(mode: str, earlier: timedelta, *, bypass: bool = False) -> Attack:
    def attack(client: Any, target: Target) -> object:
        retention = {"Mode": mode, "RetainUntilDate": target.until - earlier}
        return client.put_object_retention(
            **target.exact, Retention=retention, BypassGovernanceRetention=bypass
        )

    return attack


def _expiring(client: Any, target: Target) -> object:
    rule = {
        "ID": "gone",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    return client.put_bucket_lifecycle_configuration(
        Bucket=target.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


def _no_default_lock(client: Any, target: Target) -> object:
    return client.put_object_lock_configuration(
        Bucket=target.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )


ATTACKS: Final[dict[str, Attack]] = {
    "delete the version": lambda client, target: client.delete_object(**target.exact),
    "delete it with bypass": lambda client, target: client.delete_object(
        **target.exact, BypassGovernanceRetention=True
    ),
    "delete it among many": _among_many(version=True),
    "hide it behind a delete marker": lambda client, target: client.delete_object(**target.place),
    "hide it among many": _among_many(version=False),
    "shorten the lock": _retained("COMPLIANCE", timedelta(hours=1)),
    "shorten it with bypass": _retained("COMPLIANCE", timedelta(hours=1), bypass=True),
    "weaken it to governance": _retained("GOVERNANCE", timedelta(0)),
    "weaken it with bypass": _retained("GOVERNANCE", timedelta(0), bypass=True),
    "set a legal hold": lambda client, target: client.put_object_legal_hold(
        **target.exact, LegalHold={"Status": "ON"}
    ),
    "lift the legal hold": lambda client, target: client.put_object_legal_hold(
        **target.exact, LegalHold={"Status": "OFF"}
    ),
    "write over it": lambda client, target: client.put_object(**target.place, Body=b"forged"),
    "write in its place if absent": lambda client, target: client.put_object(
        **target.place, Body=b"forged", IfNoneMatch="*"
    ),
    "copy over it": lambda client, target: client.copy_object(
        **target.place, CopySource=target.place, MetadataDirective="REPLACE"
    ),
    "let it expire by a lifecycle": _expiring,
    "suspend versioning": lambda client, target: client.put_bucket_versioning(
        Bucket=target.bucket, VersioningConfiguration={"Status": "Suspended"}
    ),
    "remove the default lock": _no_default_lock,
    "remove the bucket's policy": lambda client, target: client.delete_bucket_policy(Bucket=target.bucket),
    "delete the bucket": lambda client, target: client.delete_bucket(Bucket=target.bucket),
}


def outcome(attack: Attack, client: Any, target: Target) -> str:
    """Try it; return `done`, or the status and code of the refusal."""
    try:
        attack(client, target)
    except RefusedInBodyError as error:
        return f"200 {error}"
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {code}"
    return DONE
