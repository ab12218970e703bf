"""Whoever can reach Temporal can signal, cancel or terminate a child: the incident does not wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Role
from andon.domain.errands import EvaluationRequest, EvidenceQuery
from andon.domain.gate import EvaluationResult
from andon.domain.ledger import Kind
from andon.domain.playbook import WatchPlan
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.ports import Captured
from tests import fakes
from tests.workflows.case import PATIENCE, Case, Parts, opened, replays, trusted
from tests.workflows.policy import plan_for

LONG = timedelta(hours=1)
LONG_WATCH = plan_for(trusted()).model_copy(
    update={"watch": WatchPlan(window=dict.fromkeys(Band, LONG), every=timedelta(seconds=1))}
)
BOTH = {"refund_desk.allowed", "refund_desk.tool.issue_refund.allowed"}


@dataclass
class HeldSource:
    """A source that answers once it is let."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "recorder"
    version: str = "1"
    supplies: frozenset[str] = frozenset({"input"})

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured]:
        self.asked.set()
        await self.let.wait()
        yield Captured(kind="input", content=b"{}", content_type="application/json", name="input-1")


@dataclass
class HeldEvaluations(fakes.MemoryEvaluations):
    """An evaluator that answers once it is let."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, request: EvaluationRequest, progress: Any) -> EvaluationResult:
        self.asked.set()
        await self.let.wait()
        return await super().run(request, progress)


def child(case: Case, name: str) -> WorkflowHandle[Any, Any]:
    return case.environment.client.get_workflow_handle(f"{case.handle.id}/{name}")


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE)


async def refused(case: Case, *subjects: str) -> None:
    found = await case.entries(Kind.SIGNAL_REFUSED, len(subjects))
    assert sorted(entry.subject for entry in found) == sorted(subjects)


async def watched(case: Case) -> None:
    await case.to_the_gate()
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR and state.watch_until)


async def test_nothing_that_is_sent_to_a_watch_ends_it_and_each_try_is_on_record(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts, plan=LONG_WATCH) as case:
        await watched(case)
        watch = child(case, "watch/1")
        await watch.signal("stop")
        await watch.signal("watch_over", args=[{"saw": "quiet"}, 7])
        await watch.cancel()
        await refused(case, "watch/1/stop", "watch/1/watch_over", "watch/1/cancel")
        assert (await watch.describe()).status is WorkflowExecutionStatus.RUNNING
        parts.versions.running = "changed behind our back"
        await case.until(lambda state: state.relapses == 1 and state.contained)
        assert parts.levers_fake.stopped() == BOTH
        await asyncio.wait_for(watch.result(), PATIENCE)
        await replays(watch)


async def test_a_flood_of_signals_to_a_watch_is_told_of_so_often_and_no_more(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, plan=LONG_WATCH) as case:
        await watched(case)
        for number in range(30):
            await child(case, "watch/1").signal(f"stop-{number}")
        await case.entries(Kind.SIGNAL_REFUSED, 20)
        state = await case.until(lambda state: state.refusals.get("signal", 0) >= 20)
        assert state.refusals["signal"] == 20


async def test_a_watch_that_was_terminated_is_missed_and_begins_anew_over_the_whole_window(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts, plan=LONG_WATCH) as case:
        await watched(case)
        await child(case, "watch/1").terminate("quietly")
        parts.versions.running = "changed while nobody looked"
        await case.skip(hours=2)
        silent = await case.entries(Kind.WATCH_SILENT)
        assert silent[0].subject == "1"
        assert {role for one in await case.told("watch_silent", 1) for role in one.roles} == {
            Role.INCIDENT_LEAD,
            Role.OPERATIONS,
        }
        state = await case.until(lambda state: state.relapses == 1 and state.contained)
        assert state.watches == 2
        assert [entry.subject for entry in parts.book.of(Kind.WATCH_SILENT)] == ["1"]
        assert parts.levers_fake.stopped() == BOTH


@pytest.mark.parametrize("number", [0, 2, -1])
async def test_a_report_of_a_watch_that_was_never_begun_is_refused(
    environment: WorkflowEnvironment, number: int
) -> None:
    async with opened(environment, plan=LONG_WATCH) as case:
        await watched(case)
        await case.signal("relapse", {"saw": "versions_changed", "watch": number})
        await case.signal("watch_over", {"saw": "quiet", "watch": number})
        await refused(case, "relapse", "watch_over")
        assert (await case.state()).relapses == 0


async def test_a_snapshot_goes_on_when_somebody_cancels_it(environment: WorkflowEnvironment) -> None:
    source = HeldSource()
    parts = Parts(sources={"recorder": source})
    async with opened(environment, parts) as case:
        await soon(source.asked)
        await child(case, "evidence/1").cancel()
        await refused(case, "evidence/1/cancel")
        source.let.set()
        sealed = await case.entries(Kind.EVIDENCE_SEALED)
        assert sealed[0].facts["items"] == 1


async def test_a_snapshot_that_was_terminated_is_a_failure_on_record_and_another_is_taken(
    environment: WorkflowEnvironment,
) -> None:
    source = HeldSource()
    parts = Parts(sources={"recorder": source})
    async with opened(environment, parts) as case:
        await soon(source.asked)
        await child(case, "evidence/1").terminate("quietly")
        source.let.set()
        await case.skip(hours=2)
        failed = await case.entries(Kind.EVIDENCE_FAILED)
        assert (failed[0].subject, failed[0].facts) == ("1", {"problem": "no_report"})
        await case.told("evidence_failed", 1)
        sealed = await case.entries(Kind.EVIDENCE_SEALED)
        assert sealed[0].subject == "2"


async def test_a_reevaluation_that_was_terminated_shuts_the_gate_and_can_be_run_again(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    held = HeldEvaluations(judge=parts.evaluations.judge)
    parts.evaluations = parts.evaluator = held
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await soon(held.asked)
        await child(case, "reevaluation/1").cancel()
        await refused(case, "reevaluation/1/cancel")
        await child(case, "reevaluation/1").terminate("quietly")
        held.let.set()
        await case.skip(hours=4)
        shut = await case.entries(Kind.GATE_SHUT)
        assert shut[0].facts["reasons"] == "not_run"
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        assert (await case.question("restart")).id == "restart-1"
        assert parts.levers_fake.stopped() == BOTH
