"""Who may do what in the store: the table, and the policies made from it as AWS's rules read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto import settings as moto_settings
from moto.core import set_initial_no_auth_action_count

from andon.adapters.store.identities import (
    BY_NAME,
    BYPASS,
    DELETING,
    HOLDING,
    IDENTITIES,
    bucket_policy,
    identity_policy,
)

BUCKET: Final = "andon-evidence"
PLACES: Final = {
    "ledger/": "ledger/INC-1/response/00000000.jsonl",
    "ledger/*/access/": "ledger/INC-1/access/00000000.jsonl",
    "evidence/": "evidence/INC-1/aa",
    "manifests/": "manifests/INC-1/0001.json",
    "probe/": "probe/aa",
    "elsewhere/": "elsewhere/aa",
}
MOST_BYTES: Final = 2048
"""AWS allows an inline policy of a user so many characters without white space."""


def allowed(name: str) -> set[str]:
    return {
        action
        for statement in identity_policy(BY_NAME[name], BUCKET, "copies")["Statement"]
        for action in statement["Action"]
    }


def test_the_door_and_the_recorder_have_no_identity() -> None:
    assert {one.part for one in IDENTITIES}.isdisjoint({"door", "recorder"})


def test_only_the_custodian_may_hold_or_end_and_nobody_may_bypass_a_lock() -> None:
    holders = {name for name in BY_NAME if allowed(name) & {*HOLDING, *DELETING}}
    assert holders == {"custodian"}
    assert not any(BYPASS in allowed(name) for name in BY_NAME)
    assert not any("s3:DeleteObject" in allowed(name) for name in BY_NAME)


def test_the_one_that_pulls_levers_does_not_reach_evidence_and_the_one_of_evidence_not_the_ledger() -> None:
    assert not {"evidence/", "manifests/"} & {*BY_NAME["responder"].reads, *BY_NAME["responder"].puts}
    assert not {"ledger/", "files/"} & {*BY_NAME["evidence"].puts}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_policy_fits_where_aws_keeps_it(name: str) -> None:
    written = json.dumps(identity_policy(BY_NAME[name], BUCKET, "copies"), separators=(",", ":"))
    assert len(written) <= MOST_BYTES


def test_the_bucket_refuses_whatever_an_identity_may_be_given() -> None:
    policy = bucket_policy(BUCKET, {name: name for name in BY_NAME}, conditional=True)
    denied = {one["Sid"]: one for one in policy["Statement"]}
    assert {one["Effect"] for one in policy["Statement"]} == {"Deny"}
    assert denied["NobodyBypassesALock"]["Principal"] == "*"
    assert "custodian" not in denied["OnlyTheCustodianHolds"]["Principal"]["AWS"]
    assert denied["NobodyCopies"]["Condition"] == {"Null": {"s3:x-amz-copy-source": "false"}}
    assert "NobodyWritesOver" in denied
    assert "NobodyWritesOver" not in json.dumps(bucket_policy(BUCKET, {}))


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Any]]:
    """A client for each identity, in a simulation of AWS that judges by their policies."""
    # A simulated AWS of another test may have left its judging on, which is one setting of the process.
    monkeypatch.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
    with mock_aws(), ExitStack() as opened:
        iam = opened.enter_context(closing(boto3.client("iam", region_name="us-east-1")))
        s3 = opened.enter_context(closing(boto3.client("s3", region_name="us-east-1")))
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        for key in PLACES.values():
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        made: dict[str, Any] = {}
        for one in IDENTITIES:
            iam.create_user(UserName=one.name)
            document = json.dumps(identity_policy(one, BUCKET))
            iam.put_user_policy(UserName=one.name, PolicyName="store", PolicyDocument=document)
            keys = iam.create_access_key(UserName=one.name)["AccessKey"]
            made[one.name] = opened.enter_context(
                closing(
                    boto3.client(
                        "s3",
                        region_name="us-east-1",
                        aws_access_key_id=keys["AccessKeyId"],
                        aws_secret_access_key=keys["SecretAccessKey"],
                    )
                )
            )
        yield made


def done(call: Any, **words: Any) -> bool:
    try:
        call(Bucket=BUCKET, **words)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def covers(prefixes: tuple[str, ...], place: str) -> bool:
    return any(one in {"", place} or place.startswith(one) for one in prefixes)


def test_each_identity_reads_and_writes_what_the_table_says_and_no_more(users: Mapping[str, Any]) -> None:
    with_rights = set_initial_no_auth_action_count(0)

    @with_rights
    def judged() -> None:
        for name, client in users.items():
            identity = BY_NAME[name]
            for place, key in PLACES.items():
                assert done(client.get_object, Key=key) == covers(identity.reads, place), (name, place)
                assert done(client.put_object, Key=key, Body=b"y") == covers(identity.puts, place), (
                    name,
                    place,
                )
                assert not done(client.delete_object, Key=key), (name, place)
            assert done(client.list_objects_v2)
            assert not done(client.delete_bucket_policy)
            assert not done(client.put_bucket_versioning, VersioningConfiguration={"Status": "Suspended"})

    judged()
