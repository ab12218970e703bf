"""The gate: each reason that keeps it shut, and what a release rests on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.errors import EvaluationError
from andon.domain.ledger import Kind
from andon.domain.stage import Stage
from andon.ports import Captured
from tests import fakes
from tests.workflows.case import Parts, opened, trusted
from tests.workflows.policy import plan_for

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        ("before_the_fix", {"started_at": LONG_AGO}),
        ("other_versions", {"versions": "f" * 64}),
        ("other_versions", {"versions": None}),
        ("incomplete", {"finished": 3}),
        ("incomplete", {"completed": False}),
        ("failing", {"failed": ("case-7",)}),
        ("incident_case_missing", {"incident_case": None}),
        ("incident_case_failing", {"incident_case": False}),
    ],
)
async def test_a_run_that_proves_too_little_keeps_the_gate_shut_and_sends_the_fix_back(
    environment: WorkflowEnvironment, reason: str, result: dict[str, Any]
) -> None:
    parts = Parts()
    parts.judged = lambda _: result
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        shut = await case.entries(Kind.GATE_SHUT)
        assert shut[0].facts["reasons"] == reason
        assert (await case.question("remediation")).id == "remediation-2"
        assert parts.levers_fake.stopped()
        parts.judged = lambda _: {}
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.question("restart")
        assert parts.evaluations.runs == 2


async def test_a_suite_that_cannot_run_keeps_the_gate_shut(environment: WorkflowEnvironment) -> None:
    parts = Parts()

    def broken(_: object) -> dict[str, Any]:
        raise EvaluationError("no such program")

    parts.judged = broken
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        shut = await case.entries(Kind.GATE_SHUT)
    assert "incomplete" in str(shut[0].facts["reasons"])


async def test_a_system_that_cannot_say_what_runs_stays_stopped(environment: WorkflowEnvironment) -> None:
    parts = Parts()
    parts.versions.silent = True
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        shut = await case.entries(Kind.GATE_SHUT)
    assert shut[0].facts["reasons"] == "other_versions"


async def test_one_refusal_blocks_the_restart_and_the_fix_is_looked_at_again(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        await case.answer("restart", "restart", Role.BUSINESS_OWNER)
        blocked = await case.answer("restart", "keep_stopped", Role.LEGAL)
        assert blocked.outcome == "keep_stopped"
        assert (await case.question("remediation")).id == "remediation-2"
        assert case.parts.levers_fake.stopped()


async def test_versions_that_changed_after_the_approval_stop_the_release(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.answer("restart", "restart", Role.BUSINESS_OWNER)
        await case.answer("restart", "restart", Role.LEGAL)
        parts.versions.running = "slipped in"
        await case.answer("restart", "restart", Role.SECURITY)
        refused = await case.entries(Kind.RELEASE_REFUSED)
        assert refused[0].facts["problem"] == "ReleaseRefusedError"
        assert (await case.question("restart")).id == "restart-2"
        assert parts.evaluations.runs == 2
        assert len(parts.levers_fake.stopped()) == 2


async def test_the_evaluation_waits_for_the_evidence_its_own_case_is_made_from(
    environment: WorkflowEnvironment,
) -> None:
    slow = SlowSource()
    parts = Parts(sources={"recorder": slow})
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.until(lambda state: state.fixed_at)
        assert parts.evaluations.runs == 0
        slow.open()
        await case.question("restart")
        state = await case.state()
        assert state.seals[0].sealed_at <= state.decisions["restart-1"].request.opened_at
        assert parts.evaluations.runs == 1


async def test_new_evidence_voids_the_restart_question(environment: WorkflowEnvironment) -> None:
    slow = SlowSource()
    parts = Parts(sources={"recorder": slow})
    plan = plan_for(trusted(), sources=("recorder",))
    impatient = plan.model_copy(update={"evidence_within": timedelta(seconds=1)})
    async with opened(environment, parts, plan=impatient) as case:
        await case.to_the_gate()
        first = await case.question("restart")
        await case.answer("restart", "restart", Role.BUSINESS_OWNER)
        slow.open()
        state = await case.until(lambda state: "restart-2" in state.decisions)
        assert state.decisions["restart-1"].superseded
        assert (await case.question("restart")).binding.evidence_root != first.binding.evidence_root
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR)


class SlowSource(fakes.ListSource):
    """Gives its one item only once it is opened."""

    def __init__(self) -> None:
        super().__init__(
            "recorder", [Captured(kind="input", content=b"x", content_type="text/plain", name="1")]
        )
        self._gate = asyncio.Event()

    def open(self) -> None:
        self._gate.set()

    async def collect(self, query: Any) -> Any:
        await self._gate.wait()
        for one in self.found:
            yield one
