"""What every lever must do, whoever makes it: one suite, run on each adapter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from andon.domain.containment import Lever, Order, Proof
from andon.ports import LeverControl
from tests.register.cases import INCIDENT, order

OTHER = "INC-20260302-def456"
WITHIN = timedelta(seconds=2)


async def _at_once() -> None:
    """Nothing lies on the way."""


@dataclass
class Subject:
    """One lever under test, and a way to ask its vendor that does not use the adapter."""

    control: LeverControl
    lever: Lever
    in_force: Callable[[], Awaitable[bool]]
    """Whether the vendor holds it now."""
    captures: bool = True
    """Whether its state can be read before an order."""
    settle: Callable[[], Awaitable[None]] = _at_once
    """Waits for whatever caches lie on the way."""

    def order(self, number: int = 1, incident: str = INCIDENT, limit: int = 0) -> Order:
        return order(number, incident=incident, limit=limit).model_copy(update={"lever": self.lever})

    async def apply(self, put: Order, key: str = "apply") -> None:
        await self.control.apply(put, put.key(key), capture_within=WITHIN)
        await self.settle()

    async def release(self, put: Order) -> bool:
        released = await self.control.release(put, put.key("release"))
        await self.settle()
        return released.allowed

    async def probe(self, put: Order) -> Proof:
        return await self.control.probe(put)


class LeverContract:
    """Subclasses give the fixture `subject`."""

    async def test_nothing_is_proven_before_it_is_ordered(self, subject: Subject) -> None:
        assert not await subject.in_force()
        assert not (await subject.probe(subject.order())).held

    async def test_an_order_holds_and_is_proven(self, subject: Subject) -> None:
        await subject.apply(subject.order())
        assert await subject.in_force()
        proof = await subject.probe(subject.order())
        assert proof.held
        assert proof.via
        assert proof.saw

    async def test_the_state_before_is_captured_or_its_loss_is_named(self, subject: Subject) -> None:
        put = subject.order()
        applied = await subject.control.apply(put, put.key("apply"), capture_within=WITHIN)
        assert (applied.captured is not None) == subject.captures
        assert bool(applied.gap) != subject.captures

    async def test_a_repeat_changes_nothing_and_returns_the_first_answer(self, subject: Subject) -> None:
        put = subject.order()
        answers = [
            await subject.control.apply(put, put.key("apply"), capture_within=WITHIN) for _ in range(2)
        ]
        assert answers[0] == answers[1]

    async def test_released_it_is_free_and_proves_nothing(self, subject: Subject) -> None:
        put = subject.order()
        await subject.apply(put)
        assert await subject.release(put)
        assert not await subject.in_force()
        assert not (await subject.probe(put)).held

    async def test_releasing_twice_is_releasing_once(self, subject: Subject) -> None:
        put = subject.order()
        await subject.apply(put)
        assert [await subject.release(put) for _ in range(2)] == [True, True]

    async def test_it_stays_held_until_the_last_of_two_incidents_lets_go(self, subject: Subject) -> None:
        first, second = subject.order(), subject.order(incident=OTHER)
        await subject.apply(first)
        await subject.apply(second)
        assert not await subject.release(first)
        assert await subject.in_force()
        assert (await subject.probe(second)).held
        assert not (await subject.probe(first)).held
        assert await subject.release(second)
        assert not await subject.in_force()

    async def test_the_same_order_put_on_again_under_another_key_holds(self, subject: Subject) -> None:
        put = subject.order()
        await subject.apply(put)
        await subject.apply(put, key="reapply/1")
        assert (await subject.probe(put)).held
        assert await subject.release(put)
        assert not await subject.in_force()
