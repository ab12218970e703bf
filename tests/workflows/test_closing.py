"""Closing with nothing changed: at some severities somebody else must agree to that."""

from __future__ import annotations

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import OrderState
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from andon.domain.way_out import Way, way_out
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


async def test_what_still_holds_at_the_end_is_kept_by_a_decision_on_record_and_says_so(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="high") as case:
        await to_the_lessons(case)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED
        state = await case.state()
    assert {one.kept for one in state.orders.values()} == {True}
    kept = case.parts.book.of(Kind.ORDER_KEPT)
    assert {one.subject for one in kept} == set(state.orders)
    request = next(one.request for one in state.decisions.values() if one.outcome == "not_restarting")
    assert {one.digests["request"] for one in kept} == {request.digest()}
    ways = {way_out(record, case.parts.book.views[-1]).way for record in state.orders.values()}
    assert ways == {Way.KEPT}


async def test_nothing_is_kept_by_an_incident_whose_system_runs_again(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        await case.restart()
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
        assert {one.state for one in (await case.state()).orders.values()} == {OrderState.RELEASED}
    assert not case.parts.book.of(Kind.ORDER_KEPT)


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


async def asked_late_about_customers(case: Case) -> None:
    """Get to the lessons while legal is silent, and have legal answer once its safe default applied."""
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    asked = await case.question("legal_review")
    await case.skip(hours=2)
    await case.until(lambda state: state.decisions["legal_review-1"].defaulted)
    await case.answer("diagnosis", "unknown", Role.ENGINEER)
    await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
    late = asked.opened_at + timedelta(hours=2)
    await case.answer("legal_review", "disclosure_needed", Role.LEGAL, received_at=late)
    await case.question("customer_notification")
    await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)


async def test_a_question_about_customers_that_a_late_answer_opened_holds_up_closing_until_it_is_answered(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await asked_late_about_customers(case)
        assert (await case.state()).closed_at is None
        await case.answer("customer_notification", "do_not_notify", Role.LEGAL)
        assert await case.ended() is Ending.NOT_RESTARTED
    [settled] = [one for one in case.parts.book.of(Kind.DECISION_SETTLED) if one.subject[:8] == "customer"]
    [closed] = case.parts.book.of(Kind.CLOSED)
    assert settled.sequence < closed.sequence


async def test_what_nobody_answers_about_customers_holds_up_closing_until_its_safe_default_applies(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await asked_late_about_customers(case)
        assert (await case.state()).closed_at is None
        await case.skip(hours=6)
        assert await case.ended() is Ending.NOT_RESTARTED
    applied = [one.subject for one in case.parts.book.of(Kind.DEFAULT_APPLIED)]
    assert "customer_notification-1" in applied
