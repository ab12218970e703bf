"""Continue-as-new with open questions, orders and clocks; forks of the chain."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Chain, Entry, Kind, verify_chain
from andon.domain.stage import Stage
from andon.domain.values import NOTHING_YET
from tests.workflows.case import Case, Parts, opened

ENOUGH = 450
"""Events after which the test server suggests to go on as a new run: it does at 400."""


async def carried_over(case: Case) -> None:
    """Fill the history until the run continues as a new one."""
    first = (await case.handle.describe()).run_id
    async with asyncio.timeout(60):
        while (here := await case.handle.describe()).run_id == first:
            if here.history_length < ENOUGH:
                for _ in range(10):
                    await case.signal("noise")
            else:
                await asyncio.sleep(0.1)


@pytest.mark.long
async def test_open_questions_orders_and_clocks_are_carried_over_to_the_next_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        before = await case.until(lambda state: state.contained and state.seals)
        request = await case.question("triage")
        await carried_over(case)
        after = await case.until(lambda state: state.contained)
        assert after.decisions["triage-1"].request == before.decisions["triage-1"].request
        assert after.orders.keys() == before.orders.keys()
        assert after.seals == before.seals
        await case.skip(minutes=31)
        breach = await case.entries(Kind.DEADLINE_BREACHED)
        assert breach[0].at == request.deadline
        await case.answer("triage", "confirm", Role.RESPONDER)
        await carried_over(case)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("impact", "isolated", Role.OPERATIONS)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.question("restart")
        await carried_over(case)
        await case.restart()
        await case.until(lambda state: state.stage is Stage.LEARN_CLOSE)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
    book = case.parts.book
    verify_chain(book.entries)
    assert len(book.of(Kind.INCIDENT_OPENED)) == 1
    assert len(book.of(Kind.CONTAINED)) == 1
    asked = [entry.subject for entry in book.of(Kind.DECISION_OPENED)]
    assert sorted(asked) == sorted(set(asked))
    for kind in (Kind.STAGE_BEGUN, Kind.STAGE_ENDED, Kind.TASKS_GIVEN):
        noted = [entry.subject for entry in book.of(kind)]
        assert sorted(noted) == sorted(set(noted))
    assert len(case.parts.levers_fake.effects) == 4


async def test_a_fork_of_the_chain_is_recorded_and_the_stored_head_is_followed(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    stranger = Entry(
        incident="INC-20261121-000000",
        chain=Chain.RESPONSE,
        sequence=0,
        at="2026-11-21T00:00:00Z",
        actor="andon",
        kind="incident_opened",
        previous=NOTHING_YET,
    )
    parts.book.entries.append(stranger)
    async with opened(environment, parts) as case:
        await case.entries(Kind.FORKED)
        assert (await case.answer("triage", "confirm", Role.RESPONDER)).accepted
    verify_chain(parts.book.entries)
    assert parts.book.entries[0] == stranger
