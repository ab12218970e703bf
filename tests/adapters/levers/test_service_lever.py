"""The HTTP lever contract, on a real server that keeps it, and on one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from andon.adapters.levers import kinds
from andon.adapters.levers.calls import wire_key
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.register.engine import Databases
from tests.adapters.levers.contract import OTHER, WITHIN, LeverContract, Subject
from tests.adapters.levers.making import control_of, lever_of, rest_long, settings_for
from tests.adapters.levers.vendor import Vendor, vendor

LEVERS: dict[Verb, tuple[str, dict[str, str]]] = {
    Verb.QUARANTINE_RECORDS: ("policies", {"records": "policy-17,policy-18"}),
    Verb.BLOCK_SOURCE: ("policies", {}),
    Verb.ROLL_BACK_INDEX: ("policies", {"to": "2026-02"}),
    Verb.BLOCK_WRITES: ("", {}),
    Verb.QUARANTINE_SESSION: ("memory", {"session": "c-12"}),
    Verb.SWITCH_TO_FALLBACK: ("", {"to": "form"}),
    Verb.ENFORCE_FILTER: ("results", {"to": "no_accounts"}),
    Verb.NARROW_PERMISSIONS: ("retriever", {"to": "public_only"}),
}


@pytest.fixture
def there() -> Iterator[Vendor]:
    with vendor() as one:
        yield one


def subject_of(
    there: Vendor, databases: Databases, verb: Verb, *, timeout: float = 5, **more: str
) -> Subject:
    target, options = LEVERS[verb]
    lever = lever_of("http", verb, {"url": there.url, "secret": "token", **options, **more}, target)

    async def in_force() -> bool:
        return there.in_force(f"{verb}/{target or '-'}")

    settings = settings_for(there.url, timeout=timeout)
    return Subject(control=control_of("http", databases, settings), lever=lever, in_force=in_force)


@pytest.fixture
def block(there: Vendor, databases: Databases) -> Subject:
    return subject_of(there, databases, Verb.BLOCK_SOURCE)


class TestServiceLever(LeverContract):
    @pytest.fixture(
        params=[
            verb if nth == 0 else pytest.param(verb, marks=pytest.mark.long)
            for nth, verb in enumerate(LEVERS)
        ]
    )
    def subject(self, there: Vendor, databases: Databases, request: pytest.FixtureRequest) -> Subject:
        return subject_of(there, databases, request.param)


async def test_a_service_that_does_not_repeat_holds_is_believed(there: Vendor, block: Subject) -> None:
    there.repeats_holds = False
    await block.apply(block.order())
    assert (await block.probe(block.order())).held
    assert await block.release(block.order())
    assert there.served["block_source/policies"] == {"blocked": False}


async def test_an_answer_of_ok_that_does_nothing_is_not_proof(there: Vendor, block: Subject) -> None:
    there.deaf = True
    await block.apply(block.order())
    proof = await block.probe(block.order())
    assert (proof.held, proof.saw, proof.via) == (False, "as_before", "http_look")


async def test_what_was_done_before_the_answer_was_lost_is_done_once(there: Vendor, block: Subject) -> None:
    there.after = lambda method, _path: (0, {}) if method == "PUT" else None
    with pytest.raises(LeverAwayError):
        await block.apply(block.order())
    there.after = None
    await block.apply(block.order())
    assert [method for method, _ in there.requests].count("PUT") == 1
    assert len(there.effects) == 1
    assert (await block.probe(block.order())).held


async def test_a_late_copy_of_a_put_changes_nothing(there: Vendor, block: Subject) -> None:
    await block.apply(block.order())
    await block.release(block.order())
    key, body = next(iter(there.keys.items()))
    late = there.answer(
        "PUT",
        "/levers/block_source/policies",
        {"authorization": "Bearer vendor-token", "idempotency-key": key},
        body,
    )
    assert late[0] == 200
    assert not await block.in_force()


async def test_what_the_second_incident_asks_for_is_put_when_the_first_lets_go(
    there: Vendor, block: Subject
) -> None:
    first, second = block.order(), block.order(incident=OTHER)
    await block.apply(first)
    await block.apply(second)
    await block.release(first)
    hold = there.holds["block_source/policies"]
    assert hold is not None
    assert hold["incident"] == OTHER
    assert (await block.probe(second)).held


@pytest.mark.parametrize(
    ("answer", "problem"),
    rest_long(
        ((500, {}), "HTTP 500"),
        ((302, {}), "HTTP 302"),
        ((409, {}), "HTTP 409"),
        ((401, {}), "HTTP 401"),
        ((200, b"<html>"), "agreed"),
        ((200, b"[]"), "agreed"),
        ((200, b"[" * 60_000), "agreed"),
        ((200, {"held": "yes", "state": {}}), "agreed"),
        ((200, {"held": True, "state": "on"}), "agreed"),
        ((200, {"held": False, "state": {}}), "nothing is held"),
        ((200, b"x" * 70_000), "65536"),
    ),
)
async def test_an_answer_otherwise_than_agreed_counts_as_none(
    there: Vendor, block: Subject, answer: tuple[int, Any], problem: str
) -> None:
    there.before = lambda method, _path: answer if method == "PUT" else None
    with pytest.raises(LeverAwayError, match=problem):
        await block.apply(block.order())


@pytest.mark.parametrize(
    "answer", rest_long(((200, {"held": True, "saw": "a name, and a text"}),), ((503, {}),), ((200, {}),))
)
async def test_a_look_that_is_answered_otherwise_than_agreed_proves_nothing(
    there: Vendor, block: Subject, answer: tuple[int, Any]
) -> None:
    await block.apply(block.order())
    there.before = lambda _method, path: answer if path.startswith("/look") else None
    proof = await block.probe(block.order())
    assert (proof.held, proof.saw) == (False, "away")


async def test_a_lever_that_is_not_there_is_final(there: Vendor, databases: Databases) -> None:
    unknown = subject_of(there, databases, Verb.BLOCK_SOURCE)
    unknown.lever = unknown.lever.model_copy(update={"target": "unknown"})
    with pytest.raises(LeverUnknownError):
        await unknown.apply(unknown.order())


async def test_a_wrong_secret_is_told_and_the_loss_of_the_state_named(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, Verb.BLOCK_SOURCE, secret="wrong")
    with pytest.raises(LeverAwayError, match="HTTP 401"):
        await subject.apply(subject.order())


async def test_a_secret_that_could_write_headers_is_refused_and_not_quoted(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, Verb.BLOCK_SOURCE, secret="split")
    with pytest.raises(InvalidInputError, match="visible ASCII") as refused:
        await subject.apply(subject.order())
    assert "a\nb" not in str(refused.value)
    assert there.requests == []


async def test_the_state_that_options_name_is_restored_where_none_was_captured(
    there: Vendor, databases: Databases
) -> None:
    subject = subject_of(there, databases, Verb.ROLL_BACK_INDEX, normal='{"version": "2026-03"}')
    there.before = lambda method, path: (500, {}) if method == "GET" and "levers" in path else None
    put = subject.order()
    applied = await subject.control.apply(put, put.key("apply"), capture_within=WITHIN)
    assert (applied.captured, applied.gap) == (None, "LeverAwayError")
    there.before = None
    assert await subject.release(put)
    assert there.served["roll_back_index/policies"] == {"version": "2026-03"}


async def test_the_look_can_be_somewhere_else(there: Vendor, databases: Databases) -> None:
    with vendor() as path:
        subject = subject_of(
            there, databases, Verb.BLOCK_SOURCE, probe_url=f"{path.url}/", probe_secret="token"
        )
        with pytest.raises(InvalidInputError, match="private_hosts"):
            await subject.probe(subject.order())
        subject.control = control_of("http", databases, settings_for(there.url, path.url))
        await subject.apply(subject.order())
        assert not (await subject.probe(subject.order())).held
        path.served = there.served
        assert (await subject.probe(subject.order())).held


def test_a_key_goes_with_its_body() -> None:
    assert wire_key("k", b"a") != wire_key("k", b"b")
    assert wire_key("k", b"a") == wire_key("k", b"a")


@pytest.mark.parametrize(
    ("verb", "options", "problem"),
    [
        (Verb.BLOCK_SOURCE, {}, "needs option url"),
        (Verb.BLOCK_SOURCE, {"url": "https://index.example/?a=b"}, "without a query"),
        (Verb.BLOCK_SOURCE, {"url": "ftp://index.example"}, "https://"),
        (Verb.BLOCK_SOURCE, {"url": "https://index.example", "token": "x"}, "knows no option token"),
        (Verb.BLOCK_SOURCE, {"url": "https://index.example", "normal": "open"}, "JSON object"),
        (Verb.BLOCK_SOURCE, {"url": "https://index.example", "probe_secret": "x"}, "probe_url"),
        (Verb.ROLL_BACK_INDEX, {"url": "https://index.example"}, "needs option to"),
        (Verb.QUARANTINE_RECORDS, {"url": "https://index.example", "records": "r" * 2000}, "2000"),
        (Verb.DISABLE_TOOL, {"url": "https://index.example"}, "can't disable_tool"),
    ],
)
def test_options_that_can_not_be_used_are_refused_when_the_file_is_read(
    verb: Verb, options: dict[str, str], problem: str
) -> None:
    lever = Lever(id="d.x", adapter="http", system="d", verb=verb, options=options)
    with pytest.raises(InvalidInputError, match=problem):
        kinds.check(lever)
