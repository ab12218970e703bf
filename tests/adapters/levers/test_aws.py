"""Keys, sessions and policies of AWS as levers, where calls are signed and policies in force."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from andon.adapters.levers import kinds
from andon.adapters.levers.aws import KIND
from andon.adapters.levers.aws_calls import AwsCalls
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.register.engine import Databases
from tests.adapters.levers.aws_double import Aws, aws_account
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.means import means_for


@pytest.fixture(scope="module")
def account() -> Iterator[Aws]:
    with aws_account() as aws:
        yield aws


@pytest.fixture
def aws(account: Aws) -> Iterator[Aws]:
    account.free()
    yield account
    account.broken = lambda _: None


def lever(aws: Aws, verb: Verb = Verb.REVOKE_CREDENTIAL, **options: str) -> Lever:
    named = {"access": "guard", "endpoint_url": aws.url, **options}
    return Lever(
        id=f"refund_desk.{verb}.crm",
        adapter="aws",
        system="refund_desk",
        verb=verb,
        target="crm",
        options={name: value for name, value in named.items() if value},
    )


def key_of(aws: Aws, **options: str) -> Lever:
    return lever(aws, Verb.REVOKE_CREDENTIAL, **{"key_id": aws.app_key, "user": "desk", **options})


def subject_of(aws: Aws, databases: Databases, one: Lever, **secrets: str) -> Subject:
    secrets = {"guard": aws.admin, "desk": aws.app, **secrets}
    means = means_for(databases, aws.place, secrets=secrets)

    async def in_force() -> bool:
        return aws.refuses(aws.app, one.verb)

    return Subject(control=KIND.make(means), lever=one, in_force=in_force)


class TestKeyUsed(LeverContract):
    """The stopped key itself is used for proof."""

    @pytest.fixture
    async def subject(self, aws: Aws, databases: Databases) -> Subject:
        return subject_of(aws, databases, key_of(aws, probe="desk", role="desk"))


@pytest.mark.long
class TestKeyRead(LeverContract):
    """Proof is IAM's own word."""

    @pytest.fixture
    async def subject(self, aws: Aws, databases: Databases) -> Subject:
        return subject_of(aws, databases, key_of(aws))


@pytest.mark.long
class TestPolicyUsed(LeverContract):
    """A policy that denies is attached, and a call it denies is tried."""

    @pytest.fixture
    async def subject(self, aws: Aws, databases: Databases) -> Subject:
        named = {"user": "desk", "policy_arn": aws.policy_arn, "probe": "desk", "try_bucket": "files"}
        return subject_of(aws, databases, lever(aws, Verb.NARROW_PERMISSIONS, **named))


async def test_a_role_s_sessions_end_and_work_again_when_nothing_holds(
    aws: Aws, databases: Databases
) -> None:
    subject = subject_of(aws, databases, lever(aws, role="desk"))
    session = aws.session()
    assert not aws.refuses(session, Verb.NARROW_PERMISSIONS)
    await subject.apply(subject.order())
    assert aws.refuses(session, Verb.NARROW_PERMISSIONS)
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.via, proof.saw) == (True, "aws_status", "stopped")
    await subject.release(subject.order())
    assert not aws.refuses(session, Verb.NARROW_PERMISSIONS)


async def test_a_key_made_active_behind_our_back_is_seen_by_use(aws: Aws, databases: Databases) -> None:
    subject = subject_of(aws, databases, key_of(aws, probe="desk"))
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.via, proof.saw) == (True, "aws_use", "InvalidClientTokenId")
    aws.free()
    assert not (await subject.probe(subject.order())).held
    await subject.apply(subject.order(), key="reapply/1")
    assert (await subject.probe(subject.order())).held


async def test_a_probe_with_another_key_proves_nothing(aws: Aws, databases: Databases) -> None:
    subject = subject_of(aws, databases, key_of(aws, probe="other"), other="AKIAOTHER:secret")
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "probe_is_another_key")


async def test_a_key_that_was_inactive_before_stays_so(aws: Aws, databases: Databases) -> None:
    subject = subject_of(aws, databases, key_of(aws))
    aws.stop_key()
    await subject.apply(subject.order())
    await subject.release(subject.order())
    assert await subject.in_force()


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": "AKIANONE"},
        *(pytest.param({one: "nobody"}, marks=pytest.mark.long) for one in ("user", "role")),
    ],
)
async def test_what_iam_does_not_know_is_no_lever(
    aws: Aws, databases: Databases, wrong: dict[str, str]
) -> None:
    subject = subject_of(aws, databases, key_of(aws, **wrong))
    with pytest.raises(LeverUnknownError):
        await subject.control.read(subject.order())


async def test_an_account_that_is_down_is_away_and_proves_nothing(aws: Aws, databases: Databases) -> None:
    subject = subject_of(aws, databases, key_of(aws))
    aws.broken = lambda _: 500
    with pytest.raises(LeverAwayError):
        await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).saw == "away"
    aws.broken = lambda _: None
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).held


async def test_a_guard_without_the_right_is_told_so(aws: Aws, databases: Databases) -> None:
    subject = subject_of(aws, databases, key_of(aws, access="weak"), weak=aws.weak)
    with pytest.raises(LeverAwayError, match="AccessDenied"):
        await subject.apply(subject.order())


async def test_only_amazon_and_private_hosts_are_called(aws: Aws, databases: Databases) -> None:
    one = key_of(aws, endpoint_url="http://169.254.169.254")
    subject = subject_of(aws, databases, one)
    with pytest.raises(InvalidInputError, match="private_hosts"):
        await subject.control.read(subject.order())


@pytest.mark.parametrize(
    ("verb", "options", "named"),
    [
        (Verb.REVOKE_CREDENTIAL, {}, "a user or a role"),
        (Verb.REVOKE_CREDENTIAL, {"key_id": "AKIA1"}, "user"),
        (Verb.REVOKE_CREDENTIAL, {"role": "desk", "probe": "desk"}, "key_id"),
        (Verb.REVOKE_CREDENTIAL, {"role": "desk", "policy": "x"}, "policy"),
        (Verb.REVOKE_CREDENTIAL, {"role": "desk", "normal": "on"}, "active"),
        (Verb.NARROW_PERMISSIONS, {"user": "desk"}, "policy_arn"),
        (Verb.NARROW_PERMISSIONS, {"policy_arn": "arn:x"}, "a user or a role"),
        (Verb.NARROW_PERMISSIONS, {"user": "a", "role": "b", "policy_arn": "arn:x"}, "a user or a role"),
        (Verb.NARROW_PERMISSIONS, {"user": "a", "policy_arn": "arn:x", "probe": "p"}, "try_bucket"),
        (Verb.PAUSE_SYSTEM, {}, "revoke_credential"),
    ],
)
def test_options_that_can_t_work_are_refused_when_the_file_is_read(
    verb: Verb, options: dict[str, str], named: str
) -> None:
    one = Lever(id="x", adapter="aws", system="refund_desk", verb=verb, options=options)
    with pytest.raises(InvalidInputError, match=named):
        kinds.check(one)


def test_the_double_refuses_an_inactive_key_as_aws_does(aws: Aws) -> None:
    aws.stop_key()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        aws.client("sts", aws.app).get_caller_identity()


async def test_what_nobody_waits_for_any_more_makes_no_further_call(aws: Aws, databases: Databases) -> None:
    means = means_for(databases, aws.place, secrets={"guard": aws.admin}, seconds=1)
    calls, one = AwsCalls(means), key_of(aws)
    go_on, ended = threading.Event(), threading.Event()

    def late() -> None:
        go_on.wait(10)
        try:
            calls.ask(one, "access", "iam", "list_users")
        except LeverAwayError:
            ended.set()

    with pytest.raises(LeverAwayError, match="timeout"):
        await calls.in_time(one, late)
    asked = len(aws.asked)
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 10)
    assert len(aws.asked) == asked
