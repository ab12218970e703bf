"""Levers that misbehave as real ones do, on the real workflow: never contained before it is proven."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.proofs.proven import ProvenLever
from andon.config import DatabaseSettings
from andon.domain.containment import Lever, OrderState, Verb
from andon.domain.directory import Role
from andon.domain.errors import LeverAwayError
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from andon.domain.playbook import Plan
from andon.register.engine import Databases, open_databases
from andon.register.held import HeldLevers
from andon.register.migrate import migrate
from tests.adapters.levers.memory import MemoryPoint
from tests.workflows.case import PATIENCE, Case, Parts, opened, trusted
from tests.workflows.misbehaving import PAGE, ROWS, Row, page_with_table
from tests.workflows.policy import plan_for
from workflows.levers import APPLY_FOR

TOOL = "refund_desk.disable_tool.issue_refund"
PAUSE = "refund_desk.pause_system"
FREE = Seen(held=False, saw="free", via="memory")
HELD = Seen(held=True, saw="held/0", via="memory")
CACHE = timedelta(seconds=2)
APPLY_SECONDS = APPLY_FOR.total_seconds()


@dataclass
class Floor:
    """An incident whose levers are in memory, and what was seen of it so far."""

    case: Case
    point: MemoryPoint
    held: HeldLevers
    seen: list[IncidentState] = field(default_factory=list)

    async def meanwhile(
        self, condition: Callable[[IncidentState], object], *, seconds: float = PATIENCE
    ) -> IncidentState:
        """Wait for a state in which nothing may be called contained."""
        state = await self.case.until(condition, seconds=seconds)
        assert not state.contained
        assert state.contained_at is None
        assert not any(view.contained for view in self.case.parts.book.views)
        assert self.case.parts.book.of(Kind.CONTAINED) == []
        return state

    async def next_round(self) -> None:
        await self.case.skip(seconds=20)

    async def proven(self, *, since: datetime) -> IncidentState:
        """Wait until it is contained; no proof is older than the moment from which it really held."""
        state = await self.case.until(lambda state: state.contained)
        [contained] = await self.case.entries(Kind.CONTAINED)
        proofs = self.case.parts.book.of(Kind.ORDER_PROVEN)
        assert {one.subject for one in proofs} == set(state.orders)
        assert all(one.sequence < contained.sequence for one in proofs)
        assert all(record.proof and record.proof.at >= since for record in state.orders.values())
        for view in self.case.parts.book.views:
            assert not view.contained or all(one.state is OrderState.PROVEN for one in view.orders)
        return state

    def called(self, about: str = "unproven") -> str:
        told = [one for one in self.case.parts.people.notices if one.about == about]
        roles = dict.fromkeys(role.value for one in told for role in one.roles)
        return ", ".join(roles) or "nobody"

    async def told(self, about: str, count: int = 1) -> None:
        await self.case.told(about, count)

    def effects(self, lever: str = TOOL) -> int:
        return len([key for key in self.point.keys if key.endswith("/apply")])


def lever_of(name: str, verb: Verb, target: str = "", **options: str) -> Lever:
    return Lever(id=name, adapter="memory", system="refund_desk", verb=verb, target=target, options=options)


def plan_of(*levers: Lever) -> Plan:
    """The test policy for these levers; a step without a lever would be left to people."""
    plan = plan_for(trusted())
    served = {lever.verb for lever in levers}
    steps = tuple(step for step in plan.steps if step.verb in served)
    return plan.model_copy(update={"levers": levers, "steps": steps})


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    settings = DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{tmp_path}/{one}.db" for one in ("switches", "register", "recorder")}
    )
    migrate(settings)
    found = open_databases(settings)
    yield found
    found.close()


@dataclass
class Hall:
    """Where incidents with such levers are opened."""

    environment: WorkflowEnvironment
    databases: Databases

    @asynccontextmanager
    async def floor(self, point: MemoryPoint, *, both: bool = False, **options: str) -> AsyncIterator[Floor]:
        held = HeldLevers(self.databases.switches)
        parts = Parts()
        levers: dict[str, Any] = {"memory": ProvenLever(HeldLever(point, held), held.changed_at, {})}
        parts.levers = levers
        tool = lever_of(TOOL, Verb.DISABLE_TOOL, "issue_refund", **options)
        plan = plan_of(tool, lever_of(PAUSE, Verb.PAUSE_SYSTEM)) if both else plan_of(tool)
        async with opened(self.environment, parts, plan=plan) as case:
            yield Floor(case, point, held)


@pytest.fixture
def hall(environment: WorkflowEnvironment, databases: Databases) -> Hall:
    return Hall(environment, databases)


def order_of(state: IncidentState, lever: str = TOOL) -> Any:
    return next(record for record in state.orders.values() if record.order.lever.id == lever)


def in_state(wanted: OrderState) -> Callable[[IncidentState], bool]:
    return lambda state: bool(state.orders) and order_of(state).state is wanted


def check(name: str, seen: Row) -> None:
    """Hold what happened against the table, and print it."""
    expected = ROWS[name]
    print(f"\n| {seen.lever} | {seen.meanwhile} | {seen.still_open} | {seen.called_on} | {seen.ends} |")
    assert seen == expected


def row(name: str, state: IncidentState, called: str) -> Row:
    record = order_of(state)
    return replace(ROWS[name], meanwhile=record.state.value, still_open=record.still_open, called_on=called)


async def test_one_that_answers_ok_and_does_nothing(hall: Hall) -> None:
    point = MemoryPoint(on_put=lambda _lever, _state: None)
    async with hall.floor(point) as floor:
        state = await floor.meanwhile(in_state(OrderState.UNPROVEN))
        await floor.told("unproven")
        await floor.next_round()
        await floor.told("unproven", 2)
        await floor.meanwhile(lambda state: order_of(state).attempts == 2)
        check("nothing", row("nothing", state, floor.called()))
        point.on_put = None
        since = datetime.now(UTC)
        await floor.next_round()
        await floor.proven(since=since)
        assert point.keys == [f"{order_of(state).order.id}/apply{again}" for again in ("", "/2", "/3")]


@pytest.mark.long
async def test_one_that_times_out_after_applying(hall: Hall) -> None:
    applied: list[datetime] = []

    def lost(lever: str, state: str) -> None:
        applied.append(datetime.now(UTC))
        point.states[lever] = state
        raise LeverAwayError(lever, "timeout")

    point = MemoryPoint(on_put=lost)
    async with hall.floor(point) as floor:
        state = await floor.proven(since=datetime.now(UTC) - timedelta(minutes=1))
        requested = order_of(state).model_copy(update={"state": OrderState.REQUESTED, "applied": None})
        before = replace(
            ROWS["late"],
            meanwhile=requested.state.value,
            still_open=requested.still_open,
            called_on=floor.called(),
        )
        check("late", before)
        assert len(applied) == len(point.keys) == 1


@pytest.mark.long
async def test_one_that_applies_to_one_of_two_replicas(hall: Hall) -> None:
    replicas = itertools.cycle((HELD, FREE))
    point = MemoryPoint(on_look=lambda _: next(replicas))
    async with hall.floor(point) as floor:
        state = await floor.meanwhile(in_state(OrderState.UNPROVEN))
        await floor.told("unproven")
        check("half", row("half", state, floor.called()))
        point.on_look = None
        since = datetime.now(UTC)
        await floor.next_round()
        await floor.proven(since=since)


@pytest.mark.long
async def test_one_of_two_that_does_nothing(hall: Hall) -> None:
    def half(lever: str, state: str) -> None:
        if lever == PAUSE:
            point.states[lever] = state

    point = MemoryPoint(on_put=half)
    async with hall.floor(point, both=True) as floor:
        state = await floor.meanwhile(in_state(OrderState.UNPROVEN))
        await floor.told("unproven")
        assert order_of(state, PAUSE).state is OrderState.PROVEN
        [told] = await floor.case.told("unproven", 1)
        assert told.still_open == (f"{TOOL}: unproven: free",)
        found = row("one_of_two", state, floor.called())
        check("one_of_two", replace(found, meanwhile=f"{found.meanwhile} beside one proven"))
        point.on_put = None
        await floor.next_round()
        await floor.proven(since=datetime.now(UTC) - timedelta(minutes=1))


@pytest.mark.long
async def test_one_that_flaps_while_it_takes_effect(hall: Hall) -> None:
    looks = iter((HELD, FREE, FREE, HELD, FREE, HELD, HELD))
    stays: list[datetime] = []

    def look(_: str) -> Seen:
        seen = next(looks, HELD)
        stays.append(datetime.now(UTC))
        return seen

    point = MemoryPoint(on_look=look)
    async with hall.floor(point) as floor:
        state = await floor.proven(since=datetime.now(UTC) - timedelta(minutes=1))
        assert order_of(state).proof.at >= stays[5]
        before = order_of(state).model_copy(update={"state": OrderState.APPLIED})
        check(
            "flaps",
            replace(
                ROWS["flaps"],
                meanwhile=before.state.value,
                still_open=before.still_open,
                called_on=floor.called(),
            ),
        )


@pytest.mark.long
async def test_one_that_is_down(hall: Hall) -> None:
    point = MemoryPoint(away=True)
    async with hall.floor(point) as floor:
        state = await floor.meanwhile(
            lambda state: in_state(OrderState.UNPROVEN)(state) and order_of(state).proof,
            seconds=PATIENCE + APPLY_SECONDS,
        )
        await floor.told("unproven")
        check("down", row("down", state, floor.called()))
        point.away = False
        since = datetime.now(UTC)
        await floor.next_round()
        await floor.proven(since=since)
        assert len(point.keys) == 1


@pytest.mark.long
async def test_one_behind_a_cache(hall: Hall) -> None:
    point = MemoryPoint()
    async with hall.floor(point, cache_seconds=str(int(CACHE.total_seconds()))) as floor:
        state = await floor.meanwhile(in_state(OrderState.APPLIED))
        until = order_of(state).applied.at + CACHE
        found = row("cached", state, floor.called())
        assert found.still_open == f"waiting for caches until {until:%H:%M:%S} UTC"
        await floor.proven(since=until)
        check(
            "cached",
            replace(found, still_open=ROWS["cached"].still_open, called_on=floor.called()),
        )
        assert len(point.keys) == 1


async def stood_down(case: Case) -> None:
    for role in (Role.RESPONDER, Role.INCIDENT_LEAD):
        await case.answer("triage", "quality_issue", role)


@pytest.mark.long
async def test_one_that_refuses_the_release(hall: Hall) -> None:
    point = MemoryPoint()
    async with hall.floor(point) as floor:
        await floor.proven(since=datetime.now(UTC) - timedelta(minutes=1))
        point.away = True
        await stood_down(floor.case)
        await floor.case.skip(seconds=120)
        await floor.told("still_held")
        state = await floor.case.state()
        check("kept", row("kept", state, floor.called("still_held")))
        assert floor.held.loosening(TOOL)
        assert point.states[TOOL] == "held/0"
        point.away = False
        await floor.case.skip(seconds=30)
        state = await floor.case.until(in_state(OrderState.RELEASED))
        assert point.states[TOOL] == "free"
        await floor.case.ended()


@pytest.mark.long
async def test_one_that_can_not_be_read_before(hall: Hall) -> None:
    point = MemoryPoint()
    read = point.read

    async def unreadable(lever: Lever) -> bytes:
        raise LeverAwayError(lever.id, "500")

    point.read = unreadable  # type: ignore[method-assign] # stands in for a vendor whose reading is broken
    async with hall.floor(point) as floor:
        state = await floor.proven(since=datetime.now(UTC) - timedelta(minutes=1))
        assert order_of(state).applied.gap == "LeverAwayError"
        point.read = read  # type: ignore[method-assign] # as above
        await stood_down(floor.case)
        await floor.told("still_held")
        check("unreadable", row("unreadable", await floor.case.state(), floor.called("still_held")))
        assert point.states[TOOL] == "held/0"
        point.normals[TOOL] = "free"
        await floor.case.skip(seconds=20)
        await floor.case.until(in_state(OrderState.RELEASED))
        await floor.case.ended()


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    assert text == page_with_table(text), "run: python -m tests.workflows.misbehaving"
