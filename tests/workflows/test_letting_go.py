"""From the answer to the effect: one step where it can be one, and never before the ledger is at rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import Order, Released
from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from andon.domain.stage import Stage
from tests import fakes
from tests.workflows.case import Case, Parts, opened

RELEASE = "containment.release"


@dataclass
class NotedLevers(fakes.MemoryLevers):
    """Levers that note what the ledger held when each was let go; the first calls find them away."""

    book: fakes.MemoryLedger = field(default_factory=fakes.MemoryLedger)
    away: int = 0
    held: list[set[str]] = field(default_factory=list)

    async def release(self, order: Order, key: str) -> Released:
        if self.away:
            self.away -= 1
            raise ConnectionError("the lever does not answer")
        self.held.append(set(self.book.kinds()))
        return await super().release(order, key)


def noted(away: int = 0) -> tuple[Parts, NotedLevers]:
    parts = Parts()
    levers = NotedLevers(book=parts.book, away=away)
    parts.levers_fake, parts.levers = levers, {"flag": levers}
    return parts, levers


async def stand_down(case: Case) -> None:
    await case.until(lambda state: state.contained)
    for role in (Role.RESPONDER, Role.INCIDENT_LEAD):
        assert (await case.answer("triage", "false_positive", role)).accepted


async def scheduled(case: Case) -> Counter[str]:
    history = await case.handle.fetch_history()
    return Counter(
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    )


async def test_the_answer_that_stands_an_incident_down_and_the_release_are_one_step(
    environment: WorkflowEnvironment,
) -> None:
    parts, levers = noted()
    async with opened(environment, parts) as case:
        await stand_down(case)
        # Whoever answered sees the effect: the release went with the entries the answer waits for.
        assert levers.stopped() == set()
        assert await case.ended() is Ending.FALSE_POSITIVE
        assert (await scheduled(case))[RELEASE] == 0
    assert all(held >= {Kind.STOOD_DOWN, Kind.DECISION_SETTLED} for held in levers.held)


async def test_the_restart_and_its_release_are_one_step_too(environment: WorkflowEnvironment) -> None:
    parts, levers = noted()
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.restart()
        assert levers.stopped() == set()
        await case.until(lambda state: state.stage is Stage.MONITOR)
        assert (await scheduled(case))[RELEASE] == 0
    assert all(held >= {Kind.RESTART_BEGUN, Kind.DECISION_SETTLED} for held in levers.held)


async def test_a_lever_that_is_away_is_let_go_later_and_the_ledger_goes_on_meanwhile(
    environment: WorkflowEnvironment,
) -> None:
    parts, levers = noted(away=2)
    async with opened(environment, parts) as case:
        await stand_down(case)
        assert await case.ended() is Ending.FALSE_POSITIVE
        assert levers.stopped() == set()
        assert (await scheduled(case))[RELEASE] == 1
    assert len(parts.book.of(Kind.ORDER_RELEASED)) == len(levers.held) == 2
    assert [entry.sequence for entry in parts.book.entries] == list(range(len(parts.book.entries)))
