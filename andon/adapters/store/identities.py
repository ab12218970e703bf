"""Who may do what in the evidence store: one table, from which every policy is made.

The embedded store's identities and bucket policy, the policies that `andon store policies` prints
for a store of one's own, and the tests all come from here. Nobody may bypass a lock. Only the
custodian may set or lift a legal hold, and remove a version once its lock has run out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PROBES: Final = "probe/"
"""Where the check of the store writes: locked for a minute, and cleared by the next one."""

VERSION: Final = "2012-10-17"
"""Of the policy language, as AWS numbers it."""

EVERYTHING: Final = ("",)
ACCESS_CHAIN: Final = "ledger/*/access/"
RECORD: Final = ("log/", "checkpoints/", "archive/")

ON_BUCKET: Final = (
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
)
READING: Final = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention", "s3:GetObjectLegalHold")
PUTTING: Final = (
    "s3:PutObject",
    # A lock is set with the object, and can only grow: shortening one takes a bypass that nobody has.
    "s3:PutObjectRetention",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
ENDING: Final = ("s3:DeleteObjectVersion", "s3:PutObjectRetention")
HOLDING: Final = ("s3:PutObjectLegalHold",)
BYPASS: Final = "s3:BypassGovernanceRetention"
DELETING: Final = ("s3:DeleteObject", "s3:DeleteObjectVersion")


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of the store, and the prefixes it may read and write under."""

    name: str
    part: str
    """The part of `andon up` that has it; empty: none of them."""
    purpose: str
    reads: tuple[str, ...]
    puts: tuple[str, ...] = ()
    custodian: bool = False
    copies_to: bool = False
    """Puts into a second bucket."""


IDENTITIES: Final = (
    Identity(
        "responder",
        "worker-andon",
        "writes the ledger and the incident file",
        reads=("ledger/", "files/"),
        puts=("ledger/", "files/"),
    ),
    Identity(
        "evidence",
        "worker-andon-evidence",
        "writes evidence and its manifests, the log with its checkpoints, and archives",
        reads=("evidence/", "manifests/", *RECORD, ACCESS_CHAIN, PROBES),
        puts=("evidence/", "manifests/", *RECORD, ACCESS_CHAIN, PROBES),
    ),
    Identity(
        "evaluation",
        "worker-andon-evaluation",
        "reads an incident's evidence as a case, writes the logs of an evaluation",
        reads=("evidence/",),
        puts=("evidence/",),
    ),
    Identity(
        "console",
        "console",
        "shows evidence, and writes down that it did",
        reads=EVERYTHING,
        puts=(ACCESS_CHAIN,),
    ),
    Identity(
        "custodian",
        "worker-andon-custody",
        "sets and lifts holds, and ends what has had its time",
        reads=EVERYTHING,
        puts=(ACCESS_CHAIN,),
        custodian=True,
    ),
    Identity("auditor", "", "reads", reads=EVERYTHING),
    Identity("backup", "", "copies what there is into another bucket", reads=EVERYTHING, copies_to=True),
)
"""The door and the recorder have none: they do not reach the store."""

BY_NAME: Final[Mapping[str, Identity]] = {identity.name: identity for identity in IDENTITIES}
BY_PART: Final[Mapping[str, Identity]] = {identity.part: identity for identity in IDENTITIES if identity.part}


def identity_policy(identity: Identity, bucket: str, second: str = "") -> dict[str, Any]:
    """Return what an identity may do, as an IAM policy.

    Args:
        identity: one of the table.
        bucket: the evidence bucket.
        second: the bucket that copies go to.
    """
    allowed = [
        _allow([*ON_BUCKET, *(("s3:ListBucketMultipartUploads",) if identity.puts else ())], [_arn(bucket)]),
        _allow(READING, _under(bucket, identity.reads)),
    ]
    if identity.puts:
        allowed.append(_allow(PUTTING, _under(bucket, identity.puts)))
    if identity.custodian:
        allowed.append(_allow([*HOLDING, *ENDING], _under(bucket, EVERYTHING)))
    if identity.copies_to and second:
        allowed.append(_allow(ON_BUCKET, [_arn(second)]))
        allowed.append(_allow([*PUTTING, *READING], _under(second, EVERYTHING)))
    return {"Version": VERSION, "Statement": allowed}


def bucket_policy(bucket: str, principals: Mapping[str, str], *, conditional: bool = False) -> dict[str, Any]:
    """Return what the bucket itself refuses, whatever an identity's own policy says.

    Args:
        bucket: the evidence bucket.
        principals: how the store names each identity, whoever sets it up included.
        conditional: whether the store knows if a request is conditional, as AWS does; one that doesn't
            would refuse every put.
    """
    others = [arn for name, arn in principals.items() if name != "custodian"]
    users = [arn for name, arn in principals.items() if name in BY_NAME and name != "custodian"]
    everything = _under(bucket, EVERYTHING)
    over = _deny("NobodyWritesOver", "*", ["s3:PutObject"], Resource=everything)
    over["Condition"] = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    return {
        "Version": VERSION,
        "Statement": [
            *([over] if conditional else []),
            _deny("NobodyBypassesALock", "*", [BYPASS], Resource=everything),
            _deny("NobodyHidesEvidence", "*", ["s3:DeleteObject"], NotResource=_under(bucket, (PROBES,))),
            _deny(
                "OnlyTheCustodianEndsEvidence",
                {"AWS": others},
                ["s3:DeleteObjectVersion"],
                NotResource=_under(bucket, (PROBES,)),
            ),
            _deny("UsersDeleteNothing", {"AWS": users}, DELETING, Resource=everything),
            # A copy takes its source's lock for its own, and keeps nothing of where it came from.
            {
                **_deny("NobodyCopies", "*", ["s3:PutObject"], Resource=everything),
                "Condition": {"Null": {"s3:x-amz-copy-source": "false"}},
            },
            _deny("OnlyTheCustodianHolds", {"AWS": others}, HOLDING, Resource=everything),
        ],
    }


def _allow(actions: Iterable[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def _deny(sid: str, principal: object, actions: Iterable[str], **where: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Principal": principal, "Action": list(actions), **where}


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _under(bucket: str, prefixes: tuple[str, ...]) -> list[str]:
    return [f"{_arn(bucket)}/{prefix}*" for prefix in prefixes]
