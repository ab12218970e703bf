"""Answers, refusals, new evidence and the deadline in one second, on the real server, and each replayed.

The rules themselves are raced over ten thousand seeds in `tests/domain/test_races.py`; here it is shown
that the workflow is put together from them in the same way, whatever order the server delivers things in.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind, DecisionRecord, DecisionRequest
from andon.domain.directory import Role
from andon.domain.ledger import Entry, Kind, verify_chain
from andon.domain.signing import Envelope, sign
from tests.workflows.case import (
    PATIENCE,
    SEED,
    Case,
    Parts,
    end_all,
    opened,
    opening_for,
    replays,
    serving,
    start,
    trusted,
)
from tests.workflows.policy import plan_for

SEEDS = 50
QUICK = 8
"""Seeds of every run of the tests; the others are raced by `make races`."""

SEEDED = [pytest.param(seed, marks=pytest.mark.long) if seed >= QUICK else seed for seed in range(SEEDS)]
TRIAGE = "triage-1"
MORE = {"decision": TRIAGE, "hours": "1"}
PEOPLE = (Role.RESPONDER, Role.INCIDENT_LEAD)
SECOND, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
AROUND = (-SECOND, -MILLISECOND, timedelta(0), MILLISECOND, SECOND)


async def answered(case: Case, request: DecisionRequest, chance: random.Random) -> None:
    """Answer as somebody, with a moment of receipt around the deadline."""
    assert request.deadline is not None
    option = chance.choice(["confirm", "false_positive", "quality_issue"])
    at = request.deadline + chance.choice(AROUND)
    await sent(case, sign(case.statement(request, option, chance.choice(PEOPLE), received_at=at), SEED))


async def sent(case: Case, envelope: Envelope) -> None:
    """Deliver an answer; the incident may have been stood down meanwhile."""
    try:
        await case.send(envelope)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def raced(case: Case, chance: random.Random) -> DecisionRequest:
    """Let everything happen at once, in an order that chance and the server make up."""
    request = await case.question("triage")
    steps = [answered(case, request, chance) for _ in range(chance.randint(1, 4))]
    if chance.random() < 0.5:
        await case.propose(DecisionKind.CLOCK_EXTENSION, Role.RESPONDER, about=MORE)
        asked = await case.question("clock_extension")
        steps.append(sent(case, sign(case.statement(asked, "extend", Role.EXECUTIVE), SEED)))
    await case.skip(minutes=29, seconds=58)
    steps.append(case.skip(seconds=chance.choice([1, 2, 20 * 60])))
    chance.shuffle(steps)
    await asyncio.gather(*steps)
    return request


def about(case: Case, question: str) -> list[Entry]:
    return [entry for entry in case.parts.book.entries if entry.subject == question]


def kept(record: DecisionRecord) -> bool:
    """Whether those received by the deadline decide by themselves."""
    deadline = record.request.deadline
    assert deadline is not None
    in_time = Counter(one.option for one in record.accepted if one.received_at <= deadline)
    return in_time["confirm"] > 0 or max(in_time.values(), default=0) > 1


def check(case: Case, record: DecisionRecord) -> None:
    told = about(case, record.request.id)
    seen = Counter(entry.kind for entry in told)
    assert seen[Kind.DECISION_SETTLED] == (record.outcome is not None)
    assert seen[Kind.DEADLINE_BREACHED] <= 1
    assert seen[Kind.BREACH_WITHDRAWN] <= seen[Kind.DEADLINE_BREACHED]
    assert [one.at for one in told if one.kind == Kind.DEADLINE_BREACHED] in ([], [record.request.deadline])
    assert record.breached == (seen[Kind.DEADLINE_BREACHED] > seen[Kind.BREACH_WITHDRAWN])
    assert len(record.accepted) == seen[Kind.RESPONSE_ACCEPTED]
    assert record.request.deadline is not None
    assert all(one.late == (one.received_at > record.request.deadline) for one in record.accepted)
    if record.outcome is not None:
        assert record.breached != kept(record)
    verify_chain(case.parts.book.entries)


@pytest.mark.parametrize("seed", SEEDED)
async def test_a_question_comes_to_one_end_whatever_arrives_in_the_second_of_its_deadline(
    environment: WorkflowEnvironment, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable course of events, not a secret
    async with opened(environment) as case:
        request = await raced(case, chance)
        state = await case.state()
        record = state.decisions[request.id]
        if record.open:
            await case.skip(minutes=5)
            await case.until(lambda state: state.decisions[request.id].breached)
        state = await case.until(lambda state: not state.pending)
        try:
            for record in state.of(DecisionKind.TRIAGE):
                check(case, record)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@asynccontextmanager
async def down_across(environment: WorkflowEnvironment, late: timedelta) -> AsyncIterator[Case]:
    """An incident whose workers were away when triage fell due; an answer came meanwhile, by signal.

    The timer and the answer wait for the same workflow task, and the answer is taken up first.
    """
    parts = Parts()
    opening = opening_for(plan_for(trusted()))
    async with serving(environment.client, parts):
        with environment.with_time_skipping_disabled():
            handle = await start(environment.client, opening)
        case = Case(handle=handle, opening=opening, parts=parts, environment=environment)
        await case.until(lambda state: state.contained and state.seals)
        request = await case.question("triage")
        await case.skip(minutes=29)
        await case.until(lambda state: not state.pending)
    try:
        # It ends once the worker is back: until then, time stands still at the timer.
        skipping = asyncio.create_task(case.skip(minutes=2))
        await fell_due(case)
        assert request.deadline is not None
        statement = case.statement(request, "confirm", Role.RESPONDER, received_at=request.deadline + late)
        await case.signal("respond_signal", sign(statement, SEED).model_dump(mode="json"))
        async with serving(environment.client, parts):
            await skipping
            await case.until(lambda state: state.decisions[TRIAGE].outcome == "confirm" and not state.pending)
            yield case
            await replays(handle)
    finally:
        await end_all(environment.client, handle.id)


async def fell_due(case: Case) -> None:
    """Wait a bounded time until a timer has fired that no worker has heard of."""
    async with asyncio.timeout(PATIENCE):
        while True:
            kinds = [event.event_type async for event in case.handle.fetch_history_events()]
            done = max(
                at for at, kind in enumerate(kinds) if kind == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
            )
            if EventType.EVENT_TYPE_TIMER_FIRED in kinds[done:]:
                return
            await asyncio.sleep(0.02)


async def test_an_answer_at_the_very_deadline_is_met_though_it_comes_in_one_task_with_the_timer(
    environment: WorkflowEnvironment,
) -> None:
    async with down_across(environment, late=timedelta(0)) as case:
        record = (await case.state()).decisions[TRIAGE]
        assert not record.accepted[0].late
        assert not record.breached
        assert Kind.DEADLINE_BREACHED not in [entry.kind for entry in about(case, TRIAGE)]


async def test_a_worker_down_across_the_deadline_breaches_at_the_deadline_and_takes_the_late_answer(
    environment: WorkflowEnvironment,
) -> None:
    async with down_across(environment, late=MILLISECOND) as case:
        record = (await case.state()).decisions[TRIAGE]
        assert record.accepted[0].late
        assert record.breached
        told = [entry for entry in about(case, TRIAGE) if entry.kind != Kind.REMINDED]
        assert [entry.kind for entry in told] == [
            Kind.DECISION_OPENED,
            Kind.DEADLINE_BREACHED,
            Kind.RESPONSE_ACCEPTED,
            Kind.DECISION_SETTLED,
        ]
        assert told[1].at == record.request.deadline


async def test_an_answer_in_time_that_is_delivered_late_withdraws_the_breach_on_record(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=31)
        await case.entries(Kind.DEADLINE_BREACHED)
        for role in PEOPLE:
            assert (await case.state()).decisions[TRIAGE].breached
            at = request.opened_at + timedelta(minutes=5)
            await case.answer("triage", "quality_issue", role, received_at=at)
        withdrawn = await case.entries(Kind.BREACH_WITHDRAWN)
        assert [entry.subject for entry in withdrawn] == [TRIAGE]
        assert not (await case.state()).decisions[TRIAGE].breached
