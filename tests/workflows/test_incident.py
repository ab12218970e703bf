"""The loop, from a detection to the closed file."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.incident import Ending, Stage
from andon.domain.ledger import Kind, verify_chain
from tests.workflows.case import Case, opened


async def restart(case: Case) -> None:
    for role in (Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY):
        answered = await case.answer("restart", "restart", role)
        assert answered.accepted, answered


async def to_the_gate(case: Case) -> None:
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
    await case.answer("remediation", "fix_deployed", Role.ENGINEER)


async def test_an_incident_goes_through_the_whole_loop_and_is_closed(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == {
            "refund_desk.allowed",
            "refund_desk.tool.issue_refund.allowed",
        }
        await to_the_gate(case)
        await restart(case)
        await case.until(lambda state: state.stage is Stage.MONITOR)
        assert case.parts.levers_fake.stopped() == set()
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
    book = case.parts.book
    verify_chain(book.entries)
    assert book.entries[-1].kind == Kind.CLOSED
    begun = {entry.subject for entry in book.of(Kind.STAGE_BEGUN)}
    assert begun == {stage.value for stage in Stage} - {"closed"}
