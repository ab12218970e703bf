"""Closing with nothing changed: at some severities somebody else must agree to that."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from tests.workflows.case import Case, opened
from tests.workflows.test_carry_over import carried_over

CLOSURE = "no_change_closure"


async def to_the_lessons(case: Case) -> None:
    """Answer everything up to the lessons; the system is not restarted."""
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    await case.answer("diagnosis", "unknown", Role.ENGINEER)
    await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)


async def test_a_refused_closure_asks_for_the_lessons_again_until_something_was_changed(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="critical") as case:
        await to_the_lessons(case)
        for times in (1, 2):
            await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
            assert (await case.answer(CLOSURE, "refuse", Role.EXECUTIVE)).decision == f"{CLOSURE}-{times}"
            assert (await case.question("lessons")).id == f"lessons-{times + 1}"
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED
    assert [one.after for one in case.parts.book.of(Kind.LESSON_RECORDED)] == ["lessons_recorded"]


async def test_an_approved_closure_closes_with_the_reason_on_record(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity="critical") as case:
        await to_the_lessons(case)
        await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
        await case.question(CLOSURE)
        await case.skip(days=6)
        await case.until(lambda state: state.decisions[f"{CLOSURE}-1"].breached)
        assert (await case.state()).ending is None or not (await case.state()).closed_at
        await case.answer(CLOSURE, "approve", Role.BUSINESS_OWNER)
        assert await case.ended() is Ending.NOT_RESTARTED
    assert [one.after for one in case.parts.book.of(Kind.LESSON_RECORDED)] == ["no_change"]


async def test_a_refused_closure_is_remembered_in_a_new_run(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity="critical") as case:
        await case.until(lambda state: state.seals)
        await to_the_lessons(case)
        await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
        await case.answer(CLOSURE, "refuse", Role.EXECUTIVE)
        await case.question("lessons")
        await carried_over(case)
        assert (await case.question("lessons")).id == "lessons-2"
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED


async def test_below_those_severities_the_signed_reason_is_enough(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await to_the_lessons(case)
        await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED
        assert (await case.state()).of(DecisionKind.NO_CHANGE_CLOSURE) == []
