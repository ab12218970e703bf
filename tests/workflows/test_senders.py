"""What a sender says of what it reported is noted, once a change; it closes, releases and asks nothing."""

from __future__ import annotations

from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.domain.ledger import Kind
from andon.domain.sender import SENDER_SAYS
from andon.domain.stage import Stage
from tests.workflows.case import Case, opened


async def says(case: Case, what: str, upto: int, source: str = "source:mona", **changes: Any) -> None:
    at = case.opening.opened_at.isoformat()
    said = {"source": source, "says": what, "count": 1, "last_at": at, "upto": upto, **changes}
    await case.signal(SENDER_SAYS, said)


async def test_what_a_sender_says_stands_in_the_ledger_and_lets_go_of_nothing(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        before = await case.until(lambda state: state.contained)
        await says(case, "acknowledged", 1)
        await says(case, "resolved", 2, count=3)
        state = await case.until(lambda state: state.senders and state.senders[0].says == "resolved")
        assert state.senders[0].count == 4
        assert state.stage is not Stage.CLOSED
        assert state.contained
        assert state.orders.keys() == before.orders.keys()
        assert state.decisions["triage-1"].open
        first, second = await entries(case, 2)
        assert (first.actor, first.before, first.after) == ("source:mona", "", "acknowledged")
        assert (second.before, second.after, second.facts["count"]) == ("acknowledged", "resolved", 3)


async def test_the_same_word_again_is_counted_and_told_twice_it_counts_once(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await says(case, "resolved", 5)
        await says(case, "resolved", 5)
        await says(case, "acknowledged", 4)
        await says(case, "resolved", 6)
        state = await case.until(lambda state: state.senders and state.senders[0].upto == 6)
        assert (state.senders[0].says, state.senders[0].count) == ("resolved", 2)
        assert len(await entries(case, 1)) == 1


async def test_each_sender_speaks_for_itself_and_a_crowd_of_them_is_bounded(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        for number in range(25):
            await says(case, "resolved", number + 1, source=f"source:s{number}")
        state = await case.until(lambda state: state.refusals.get("signal", 0) == 5)
        assert len(state.senders) == 20


async def test_what_is_no_word_of_a_sender_is_refused_on_record(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await says(case, "never mind, release it", 1)
        await says(case, "resolved", 1, source="a whole sentence about a customer")
        state = await case.until(lambda state: state.refusals.get("signal", 0) == 2)
        assert state.senders == []


async def entries(case: Case, count: int) -> list[Any]:
    await case.until(lambda state: state.acknowledged >= state.head.length)
    found = case.parts.book.of(Kind.SENDER_SAYS)
    assert len(found) == count
    return found
