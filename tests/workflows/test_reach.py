"""How far an incident reaches: affected records that hold up closing, hypotheses, counts, looking back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

import playbooks
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.impact import Basis, Finding, Hypothesis
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from andon.domain.severity import Classification
from andon.domain.values import NOTHING_YET, sha256
from tests.workflows.case import Case, opened, trusted
from tests.workflows.policy import plan_for
from tests.workflows.test_carry_over import carried_over
from tests.workflows.test_closing import to_the_lessons

D = Declared
STATED = (D.AFFECTED, D.HYPOTHESIS, D.IMPACT_COUNTED, D.LOOKED_BACK, D.TASK)
BATCHES = [sha256(bytes([number])) for number in range(5)]
LOOK = "look_through_earlier_outputs"


@asynccontextmanager
async def reaching(environment: WorkflowEnvironment, **changes: Any) -> AsyncIterator[Case]:
    """Open an incident with the shipped rights to state its reach, and the shipped look back."""
    rights = playbooks.load().rights
    plan = plan_for(trusted())
    declarations = {**plan.declarations, **{one: rights.declarations[one] for one in STATED}}
    plan = plan.model_copy(update={"declarations": declarations, "tasks": {LOOK: rights.tasks[LOOK]}})
    async with opened(environment, plan=plan, **changes) as case:
        await case.question("triage")
        yield case


async def listed(case: Case, batch: str, previous: str, *counts: int, role: Role = Role.OPERATIONS) -> Any:
    every, corrected, cannot = counts
    about = {
        "batch": batch,
        "previous": previous,
        "all": str(every),
        "corrected": str(corrected),
        "cannot": str(cannot),
    }
    return (await case.declare(D.AFFECTED, role, about=about)).refusal


async def test_an_incident_does_not_close_before_every_affected_record_is_corrected_or_beyond_it(
    environment: WorkflowEnvironment,
) -> None:
    async with reaching(environment) as case:
        assert await listed(case, BATCHES[0], NOTHING_YET, 50, 0, 0) is None
        await to_the_lessons(case)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        [waits] = await case.entries(Kind.CLOSING_WAITS)
        assert waits.after == "affected_records"
        [told] = await case.told("closing_waits", 1)
        assert set(told.roles) == {Role.OPERATIONS, Role.INCIDENT_LEAD}
        assert await listed(case, BATCHES[1], BATCHES[0], 50, 46, 3) is None
        assert (await case.state()).closed_at is None
        assert await listed(case, BATCHES[2], BATCHES[1], 50, 47, 3) is None
        assert await case.ended() is Ending.NOT_RESTARTED
        tally = (await case.state()).impact.affected
    assert tally.reconciled() == "47 corrected + 3 that cannot be = 50 of 50"
    assert case.parts.book.views[-1].impact.affected == tally
    stated = case.parts.book.of(Kind.DECLARED)
    assert [one.facts["batch"] for one in stated] == BATCHES[:3]


async def test_a_change_that_does_not_follow_on_the_list_as_it_is_has_no_effect(
    environment: WorkflowEnvironment,
) -> None:
    async with reaching(environment) as case:
        assert await listed(case, BATCHES[0], NOTHING_YET, 3, 0, 0) is None
        assert await listed(case, BATCHES[1], NOTHING_YET, 5, 0, 0) == "overtaken"
        assert await listed(case, BATCHES[0], NOTHING_YET, 3, 0, 0) == "already_so"
        assert await listed(case, BATCHES[1], BATCHES[0], 2, 0, 0) == "about"
        assert await listed(case, BATCHES[1], BATCHES[0], 3, 2, 2) == "about"
        assert await listed(case, "short", BATCHES[0], 3, 0, 0) == "about"
        assert await listed(case, BATCHES[1], BATCHES[0], 3, 1, 0, role=Role.COMMUNICATIONS) == "wrong_role"
        assert (await case.state()).impact.affected.head == BATCHES[0]


async def test_the_list_goes_on_in_a_new_run(environment: WorkflowEnvironment) -> None:
    async with reaching(environment) as case:
        assert await listed(case, BATCHES[0], NOTHING_YET, 2, 0, 0) is None
        await carried_over(case)
        assert await listed(case, BATCHES[1], BATCHES[0], 2, 2, 0) is None
        assert (await case.state()).impact.affected.open == 0


async def test_a_hypothesis_closes_with_its_evidence_and_the_latest_word_counts(
    environment: WorkflowEnvironment,
) -> None:
    about = {"hypothesis": "one_user", "finding": "ruled_out", "evidence": "input/recorder/t1"}
    async with reaching(environment) as case:
        before = (await case.state()).impact
        assert before.unsettled == tuple(Hypothesis)
        assert (await case.declare(D.HYPOTHESIS, Role.SECURITY, about=about)).refusal is None
        again = {**about, "finding": "confirmed"}
        assert (await case.declare(D.HYPOTHESIS, Role.ENGINEER, about=again)).refusal is None
        closed = (await case.state()).impact.hypotheses[Hypothesis.ONE_USER]
        assert (closed.finding, closed.evidence, closed.person) == (
            Finding.CONFIRMED,
            "input/recorder/t1",
            "p-engineer",
        )
        assert len(await case.entries(Kind.DECLARED, 2)) == 2
        for wrong in ({"hypothesis": "two_users"}, {"finding": "maybe"}):
            refused = await case.declare(D.HYPOTHESIS, Role.SECURITY, about={**about, **wrong})
            assert refused.refusal == "about"


COUNTS = {
    "outputs": "412",
    "users": "12",
    "records": "unknown",
    "side_effects": "3",
    "since": "2026-03-01T09:00:00+00:00",
    "basis": "estimated",
}


async def test_counts_are_on_record_with_who_stands_for_them_and_whether_they_were_counted(
    environment: WorkflowEnvironment,
) -> None:
    async with reaching(environment) as case:
        assert (await case.declare(D.IMPACT_COUNTED, Role.OPERATIONS, about=COUNTS)).refusal is None
        counted = (await case.state()).impact.counted
        assert counted is not None
        assert (counted.outputs, counted.users, counted.records) == (412, 12, None)
        assert (counted.basis, counted.person) == (Basis.ESTIMATED, "p-operations")


@pytest.mark.parametrize(
    "wrong", [{"users": "many"}, {"users": "-1"}, {"since": "2026-03-01T09:00:00"}, {"basis": "guessed"}]
)
async def test_what_is_no_count_is_refused_on_record(
    environment: WorkflowEnvironment, wrong: dict[str, str]
) -> None:
    async with reaching(environment) as case:
        refused = await case.declare(D.IMPACT_COUNTED, Role.OPERATIONS, about={**COUNTS, **wrong})
        assert refused.refusal == "about"
        assert (await case.state()).impact.counted is None


async def test_a_near_miss_in_which_data_would_have_been_exposed_has_60_days_of_outputs_gone_through(
    environment: WorkflowEnvironment,
) -> None:
    near = {"classification": Classification.NEAR_MISS, "type": "privacy_event"}
    async with reaching(environment, **near) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        state = await case.until(lambda state: state.tasks)
        task = state.tasks[f"{LOOK}-1"]
        assert task.look_back is not None
        assert case.opening.detected_at - task.look_back.since == timedelta(days=60)
        done = {"task": task.id, "state": "done"}
        assert (await case.declare(D.TASK, Role.OPERATIONS, about=done)).refusal == "findings"
        found = {"task": task.id, "since": task.look_back.since.isoformat(), "found": "4"}
        short = {**found, "since": (task.look_back.since + timedelta(days=30)).isoformat()}
        assert (await case.declare(D.LOOKED_BACK, Role.OPERATIONS, about=short)).refusal == "findings"
        assert (await case.declare(D.LOOKED_BACK, Role.LEGAL, about=found)).refusal == "wrong_role"
        wrong = {**found, "found": "some"}
        assert (await case.declare(D.LOOKED_BACK, Role.OPERATIONS, about=wrong)).refusal == "about"
        assert (await case.declare(D.LOOKED_BACK, Role.OPERATIONS, about=found)).refusal is None
        assert (await case.declare(D.LOOKED_BACK, Role.OPERATIONS, about=found)).refusal == "already_so"
        closed = (await case.state()).tasks[task.id]
        assert closed.look_back is not None
        assert (closed.state, closed.look_back.found) == ("done", 4)


async def test_a_look_back_that_can_not_be_made_says_why_and_the_incident_does_not_close_before(
    environment: WorkflowEnvironment,
) -> None:
    near = {"classification": Classification.NEAR_MISS, "type": "privacy_event"}
    async with reaching(environment, **near) as case:
        await to_the_lessons(case)
        await carried_over(case)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        [waits] = await case.entries(Kind.CLOSING_WAITS)
        assert waits.after == f"{LOOK}-1"
        cannot = {"task": f"{LOOK}-1", "state": "cannot"}
        assert (await case.declare(D.TASK, Role.OPERATIONS, about=cannot)).refusal is None
        assert await case.ended() is Ending.NOT_RESTARTED
        assert list((await case.state()).tasks) == [f"{LOOK}-1"]


async def test_other_incidents_have_no_look_back_unless_an_answer_calls_for_one(
    environment: WorkflowEnvironment,
) -> None:
    async with reaching(environment, type="privacy_event") as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.question("impact")
        assert (await case.state()).tasks == {}
