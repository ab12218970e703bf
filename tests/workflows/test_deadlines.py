"""Clocks end in a decision: breach, each rung once, safe default, late answers."""

from __future__ import annotations

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from tests.workflows.case import Case, opened

TRIAGE = "triage-1"


def about_triage(case: Case, kind: Kind) -> list[object]:
    return [entry for entry in case.parts.book.of(kind) if entry.subject == TRIAGE]


async def test_triage_unanswered_for_half_an_hour_escalates_once_per_rung_and_ends_in_the_safe_default(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        assert request.deadline == request.opened_at + timedelta(minutes=30)
        await case.skip(minutes=31)
        await case.entries(Kind.ESCALATED)
        assert len(about_triage(case, Kind.DEADLINE_BREACHED)) == 1
        assert [entry.facts["role"] for entry in about_triage(case, Kind.ESCALATED)] == ["business_owner"]
        await case.skip(minutes=30)
        state = await case.until(lambda state: state.decisions[TRIAGE].defaulted)
        rungs = about_triage(case, Kind.ESCALATED)
        assert [(entry.facts["role"], entry.at - request.deadline) for entry in rungs] == [
            ("business_owner", timedelta(0)),
            ("executive", timedelta(minutes=15)),
        ]
        assert [entry.after for entry in about_triage(case, Kind.DEFAULT_APPLIED)] == ["confirm"]
        assert len(about_triage(case, Kind.DEADLINE_BREACHED)) == 1
        assert state.decisions[TRIAGE].open
        assert case.parts.levers_fake.stopped()
        told = await case.told("escalation", 2)
        assert [notice.roles for notice in told if notice.subject == TRIAGE] == [
            (Role.BUSINESS_OWNER,),
            (Role.EXECUTIVE,),
        ]


async def test_a_breach_is_recorded_at_the_deadline_not_when_it_is_discovered(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=44)
        breach = await case.entries(Kind.DEADLINE_BREACHED)
    assert breach[0].at == request.deadline


async def test_an_answer_received_in_time_is_met_and_nothing_escalates(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=29)
        answered = await case.answer(
            "triage", "confirm", Role.RESPONDER, received_at=request.opened_at + timedelta(minutes=29)
        )
        assert answered.accepted
        assert not answered.late
        await case.skip(minutes=5)
        assert about_triage(case, Kind.DEADLINE_BREACHED) == []


async def test_a_late_answer_is_accepted_marked_late_and_still_stands_the_incident_down(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=61)
        await case.until(lambda state: state.decisions[TRIAGE].defaulted)
        late = request.opened_at + timedelta(minutes=61)
        for role in (Role.RESPONDER, Role.EXECUTIVE):
            answered = await case.answer("triage", "false_positive", role, received_at=late)
            assert answered.accepted
            assert answered.late
        assert await case.ended() is Ending.FALSE_POSITIVE
    assert case.parts.levers_fake.stopped() == set()


async def test_an_answer_received_in_time_but_delivered_late_is_not_late(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=40)
        await case.entries(Kind.DEADLINE_BREACHED)
        answered = await case.answer(
            "triage", "confirm", Role.RESPONDER, received_at=request.opened_at + timedelta(minutes=10)
        )
    assert answered.accepted
    assert not answered.late


async def test_the_restart_question_is_put_again_when_it_expires_and_its_default_never_restarts(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        await case.question("restart")
        await case.skip(hours=9)
        await case.until(lambda state: state.decisions["restart-1"].defaulted)
        assert case.parts.levers_fake.stopped()
        await case.skip(hours=16)
        state = await case.until(lambda state: "restart-2" in state.decisions)
        assert state.decisions["restart-1"].superseded
        assert case.parts.levers_fake.stopped()


async def test_a_severity_that_triage_finds_after_its_default_applied_still_counts(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.skip(minutes=61)
        await case.until(lambda state: state.decisions["triage-1"].defaulted)
        late = request.opened_at + timedelta(minutes=61)
        worse = {"severity": "critical"}
        await case.answer("triage", "confirm", Role.RESPONDER, findings=worse, received_at=late)
        await case.until(lambda state: state.severity == "critical")
