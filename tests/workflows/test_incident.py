"""The loop, from a detection to the closed file."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.errors import SourceError
from andon.domain.evidence import RowState
from andon.domain.incident import Ending
from andon.domain.ledger import Kind, verify_chain
from andon.domain.stage import Stage
from andon.ports import Captured
from tests import fakes
from tests.workflows.case import Parts, opened

BOTH = {"refund_desk.allowed", "refund_desk.tool.issue_refund.allowed"}


async def test_an_incident_goes_through_the_whole_loop_and_is_closed(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        assert case.parts.levers_fake.stopped() == BOTH
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR)
        assert case.parts.levers_fake.stopped() == set()
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
    book = case.parts.book
    verify_chain(book.entries)
    assert book.entries[-1].kind == Kind.CLOSED
    begun = {entry.subject for entry in book.of(Kind.STAGE_BEGUN)}
    assert begun == {stage.value for stage in Stage} - {"closed"}


async def test_two_people_stand_an_incident_down_and_everything_is_undone(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        first = await case.answer("triage", "false_positive", Role.RESPONDER)
        assert first.accepted
        assert first.outcome is None
        assert case.parts.levers_fake.stopped() == BOTH
        await case.answer("triage", "false_positive", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.FALSE_POSITIVE
    assert case.parts.levers_fake.stopped() == set()
    assert case.parts.book.of(Kind.STOOD_DOWN)


async def test_a_relapse_stops_the_system_again_without_asking_and_reopens_the_diagnosis(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR)
        parts.versions.running = "changed behind our back"
        await case.until(lambda state: state.relapses == 1 and state.contained)
        assert parts.levers_fake.stopped() == BOTH
        assert (await case.question("diagnosis")).id == "diagnosis-2"
    applied = [key for key in parts.levers_fake.effects if key.endswith("/apply")]
    assert len(applied) == len(set(applied)) == 4


async def test_one_more_detection_after_restart_is_a_relapse(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR)
        await case.signal(
            "duplicates_joined", {"count": 1, "last_received_at": case.opening.opened_at.isoformat()}
        )
        await case.until(lambda state: state.relapses == 1 and state.contained)
    assert case.parts.book.of(Kind.RELAPSE)[0].facts == {"saw": "detected_again"}


async def test_evidence_is_sealed_with_a_gap_for_each_source_that_gave_nothing(
    environment: WorkflowEnvironment,
) -> None:
    spans = fakes.ListSource(
        "recorder",
        found=[Captured(kind="input", content=b"pay me", content_type="text/plain", name="span-1")],
    )
    away = fakes.ListSource("versions", failure=SourceError("versions", "unreachable", "no answer"))
    parts = Parts(sources={"recorder": spans, "versions": away})
    async with opened(environment, parts) as case:
        state = await case.until(lambda state: state.seals)
    rows = {row.row: row for row in state.seals[0].rows}
    assert rows["inputs"].state is RowState.CAPTURED
    assert rows["versions"].reason == "unreachable"
    assert rows["outcome"].reason == "late"
    assert state.evidence_root == parts.evidence.manifests[1].root()


async def test_closing_without_a_restart_leaves_the_system_stopped(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("impact", "isolated", Role.OPERATIONS)
        await case.answer("diagnosis", "unknown", Role.ENGINEER)
        await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
        await case.answer("lessons", "no_change", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED
    assert case.parts.levers_fake.stopped() == BOTH


async def test_a_higher_severity_at_triage_is_taken_and_a_lower_one_is_not(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="medium") as case:
        state = await case.until(lambda state: state.contained)
        assert len(state.orders) == 1
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "high"})
        state = await case.until(lambda state: len(state.orders) == 2 and state.contained)
        assert state.severity == "high"
        assert (await case.question("legal_review")).deadline is not None
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "low"})
        state = await case.until(lambda state: state.decisions["triage-1"].outcome)
        assert state.severity == "high"
