"""What holds for every lever outside Andon, however its vendor behaves."""

from __future__ import annotations

import asyncio

import pytest

from andon.adapters.levers.held import HeldLever, Seen
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import LeverAwayError, ReleaseRefusedError
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from tests.adapters.levers.contract import OTHER, WITHIN, Subject
from tests.adapters.levers.memory import MemoryPoint
from tests.adapters.levers.test_contract import CREDENTIAL

RATE = CREDENTIAL.model_copy(
    update={"id": "refund_desk.rate_limit.gateway", "verb": Verb.RATE_LIMIT, "target": "gateway"}
)


@pytest.fixture
def point() -> MemoryPoint:
    return MemoryPoint()


@pytest.fixture
def held(databases: Databases) -> HeldLevers:
    return HeldLevers(databases.switches)


def subject_of(point: MemoryPoint, held: HeldLevers, lever: Lever = CREDENTIAL) -> Subject:
    async def in_force() -> bool:
        return point.states.get(lever.id, "free") != "free"

    return Subject(control=HeldLever(point, held), lever=lever, in_force=in_force)


@pytest.fixture
def subject(point: MemoryPoint, held: HeldLevers) -> Subject:
    return subject_of(point, held)


async def test_what_reached_the_vendor_before_the_answer_was_lost_is_not_sent_again(
    subject: Subject, point: MemoryPoint
) -> None:
    def lost(lever: str, state: str) -> None:
        point.states[lever] = state
        raise LeverAwayError(lever, "timeout")

    point.on_put = lost
    with pytest.raises(LeverAwayError):
        await subject.apply(subject.order())
    await subject.apply(subject.order())
    assert point.keys == [subject.order().key("apply")]
    assert (await subject.probe(subject.order())).held


async def test_what_never_reached_the_vendor_is_sent_again_under_the_same_key(
    subject: Subject, point: MemoryPoint
) -> None:
    def refused(lever: str, _: str) -> None:
        raise LeverAwayError(lever, "503")

    point.on_put = refused
    with pytest.raises(LeverAwayError):
        await subject.apply(subject.order())
    point.on_put = None
    await subject.apply(subject.order())
    assert point.keys == [subject.order().key("apply")] * 2


async def test_a_second_attempt_does_not_capture_the_contained_state(
    subject: Subject, point: MemoryPoint
) -> None:
    point.states[CREDENTIAL.id] = "version-7"

    def lost(lever: str, state: str) -> None:
        point.states[lever] = state
        raise LeverAwayError(lever, "timeout")

    point.on_put = lost
    with pytest.raises(LeverAwayError):
        await subject.apply(subject.order())
    point.on_put = None
    await subject.apply(subject.order())
    await subject.release(subject.order())
    assert point.states[CREDENTIAL.id] == "version-7"


async def test_the_state_of_before_the_first_hold_comes_back_whoever_lets_go_last(
    subject: Subject, point: MemoryPoint
) -> None:
    point.states[CREDENTIAL.id] = "version-7"
    first, second = subject.order(), subject.order(incident=OTHER)
    await subject.apply(first)
    await subject.apply(second)
    await subject.release(first)
    await subject.release(second)
    assert point.states[CREDENTIAL.id] == "version-7"


async def test_an_answer_of_ok_that_does_nothing_is_not_proof(subject: Subject, point: MemoryPoint) -> None:
    point.on_put = lambda _lever, _state: None
    await subject.apply(subject.order())
    assert not (await subject.probe(subject.order())).held


async def test_a_vendor_that_is_away_proves_nothing_and_keeps_the_hold(
    subject: Subject, point: MemoryPoint, held: HeldLevers
) -> None:
    await subject.apply(subject.order())
    point.away = True
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "away")
    with pytest.raises(LeverAwayError):
        await subject.release(subject.order())
    assert held.loosening(CREDENTIAL.id) == [subject.order().id]
    point.away = False
    assert await subject.release(subject.order())
    assert held.loosening(CREDENTIAL.id) == []
    assert not await subject.in_force()


async def test_proof_is_withheld_while_another_order_on_the_lever_is_being_let_go_of(
    subject: Subject, point: MemoryPoint, held: HeldLevers
) -> None:
    first, second = subject.order(), subject.order(incident=OTHER)
    await subject.apply(first)
    await subject.apply(second)
    held.let_go_of(first.id, at=first.ordered_at)
    proof = await subject.probe(second)
    assert (proof.held, proof.saw) == (False, "held/0/letting_go")
    await subject.release(first)
    assert (await subject.probe(second)).held


async def test_a_hold_put_on_while_the_lever_is_being_restored_has_the_last_word(
    subject: Subject, point: MemoryPoint
) -> None:
    first, second = subject.order(), subject.order(incident=OTHER)
    await subject.apply(first)
    begun, go_on = asyncio.Event(), asyncio.Event()
    restore = point.restore

    async def slow(lever: Lever, resting: bytes, key: str) -> None:
        begun.set()
        await go_on.wait()
        await restore(lever, resting, key)

    point.restore = slow  # type: ignore[method-assign]
    releasing = asyncio.create_task(subject.release(first))
    await asyncio.wait_for(begun.wait(), 5)
    await subject.apply(second)
    assert not (await subject.probe(second)).held
    go_on.set()
    assert not await asyncio.wait_for(releasing, 5)
    assert await subject.in_force()
    assert (await subject.probe(second)).held


async def test_the_strictest_of_two_limits_counts_and_the_other_remains(
    point: MemoryPoint, held: HeldLevers
) -> None:
    subject = subject_of(point, held, RATE)
    lax, strict = subject.order(limit=60), subject.order(incident=OTHER, limit=5)
    await subject.apply(lax)
    await subject.apply(strict)
    assert point.states[RATE.id] == "held/5"
    await subject.release(strict)
    assert point.states[RATE.id] == "held/60"


async def test_without_a_known_state_to_go_back_to_the_last_hold_stays(
    subject: Subject, point: MemoryPoint, held: HeldLevers
) -> None:
    async def unreadable(lever: Lever) -> bytes:
        raise LeverAwayError(lever.id, "500")

    read, point.read = point.read, unreadable  # type: ignore[method-assign]
    put = subject.order()
    applied = await subject.control.apply(put, put.key("apply"), capture_within=WITHIN)
    assert (applied.captured, applied.gap) == (None, "LeverAwayError")
    point.read = read  # type: ignore[method-assign]
    with pytest.raises(ReleaseRefusedError, match="normal"):
        await subject.release(put)
    assert [hold.order for hold in held.standing(CREDENTIAL.id)] == [put.id]
    point.normals[CREDENTIAL.id] = "version-1"
    assert await subject.release(put)
    assert point.states[CREDENTIAL.id] == "version-1"


async def test_an_order_that_was_never_carried_out_has_nothing_to_let_go_of(
    subject: Subject, point: MemoryPoint
) -> None:
    assert await subject.release(subject.order())
    assert point.keys == []


async def test_one_that_flaps_is_not_proven_while_it_is_off(subject: Subject, point: MemoryPoint) -> None:
    await subject.apply(subject.order())
    looks = iter((True, False, True))
    point.on_look = lambda _: Seen(held=next(looks), saw="flapping", via="memory")
    assert [(await subject.probe(subject.order())).held for _ in range(3)] == [True, False, True]


def test_of_equal_holds_the_oldest_counts(held: HeldLevers, subject: Subject) -> None:
    first = subject.order().hold(subject.order().ordered_at)
    second: Hold = subject.order(incident=OTHER).hold(subject.order().ordered_at)
    for one in (second, first):
        held.intend(one, None, at=one.since, gap="timeout", since=0)
    assert [hold.order for hold in held.standing(CREDENTIAL.id)] == sorted([first.order, second.order])
