"""While an AI system is watched its stated signals are looked at: a limit that is crossed stops it again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from andon.domain.playbook import Plan, WatchPlan
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import TaskRule
from andon.domain.watch import SampledReview, Saw, WatchSignal
from tests import fakes
from tests.workflows.case import PATIENCE, Case, Parts, opened, replays, trusted
from tests.workflows.policy import plan_for

HOUR = timedelta(hours=1)
PLAN = plan_for(trusted()).model_copy(
    update={"watch": WatchPlan(window=dict.fromkeys(Band, HOUR), every=timedelta(seconds=1))}
)
SHORT = PLAN.model_copy(
    update={"watch": PLAN.watch.model_copy(update={"window": dict.fromkeys(Band, timedelta(seconds=6))})}
)
ERRORS = WatchSignal(
    name="errors", source="https://desk.example/m", field="errors", max=10, tighter=0.5, unreadable_after=3
)
LAX = WatchSignal(name="complaints", source="https://desk.example/m", field="complaints", max=3)


async def watched(case: Case) -> None:
    await case.to_the_gate()
    await case.restart()
    await case.until(lambda state: state.stage is Stage.MONITOR and state.watch_until)


async def seen(parts: Parts, name: str, saw: Saw) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(one.name == name and one.saw == saw for one in parts.signals.kept.get(1, ())):
            await asyncio.sleep(0.02)


def parts_with(**numbers: float) -> Parts:
    return Parts(signals=fakes.MemorySignals(signals=(ERRORS, LAX), numbers=numbers))


async def test_a_signal_beyond_its_tightened_limit_stops_the_system_again(
    environment: WorkflowEnvironment,
) -> None:
    parts = parts_with(errors=5, complaints=0)
    async with opened(environment, parts, plan=PLAN) as case:
        await watched(case)
        await seen(parts, "errors", Saw.WITHIN)
        parts.signals.numbers["errors"] = 6
        await case.until(lambda state: state.relapses == 1 and state.stage is Stage.INVESTIGATE)
        assert parts.book.of(Kind.RELAPSE)[0].facts["saw"] == "signal_crossed:errors"
        assert parts.levers_fake.stopped()
        await replays(environment.client.get_workflow_handle(f"{case.handle.id}/watch/1"))


@pytest.mark.long
async def test_a_limit_that_is_loosened_in_the_file_meanwhile_does_not_reach_the_watch(
    environment: WorkflowEnvironment,
) -> None:
    parts = parts_with(errors=1, complaints=0)
    async with opened(environment, parts, plan=PLAN) as case:
        await watched(case)
        await seen(parts, "errors", Saw.WITHIN)
        parts.signals.signals = (ERRORS.model_copy(update={"max": 1000.0}),)
        parts.signals.numbers["errors"] = 900
        await case.until(lambda state: state.relapses == 1)


@pytest.mark.long
async def test_a_signal_that_stays_unreadable_is_a_relapse_after_as_many_looks_as_the_file_says(
    environment: WorkflowEnvironment,
) -> None:
    parts = parts_with(errors=1)
    async with opened(environment, parts, plan=PLAN) as case:
        await watched(case)
        await seen(parts, "complaints", Saw.UNREADABLE)
        del parts.signals.numbers["errors"]
        await case.until(lambda state: state.relapses == 1)
        assert parts.book.of(Kind.RELAPSE)[0].facts["saw"] == "signal_unreadable:errors"
        assert {one.name: one.unread for one in parts.signals.kept[1]}["errors"] == 3


@pytest.mark.long
async def test_a_quiet_watch_names_the_signals_that_nobody_could_read(
    environment: WorkflowEnvironment,
) -> None:
    parts = parts_with(errors=1)
    async with opened(environment, parts, plan=SHORT) as case:
        await watched(case)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
        assert parts.book.of(Kind.WATCH_ENDED)[0].facts == {"saw": "quiet", "unread": "complaints"}


def sampling(window: timedelta) -> Plan:
    rule = TaskRule(role=Role.BUSINESS_OWNER, stage=Stage.MONITOR, sampled=True)
    watch = WatchPlan(
        window=dict.fromkeys(Band, window), every=timedelta(seconds=1), review=SampledReview(percent=5)
    )
    right = DeclarationRight(by=(Role.BUSINESS_OWNER,), about={"task": (), "since": (), "found": ()})
    return PLAN.model_copy(
        update={
            "watch": watch,
            "tasks": {**PLAN.tasks, "sampled_review": rule},
            "declarations": {**PLAN.declarations, Declared.LOOKED_BACK: right},
        }
    )


async def found(case: Case, count: int) -> None:
    state = await case.until(lambda state: "sampled_review-1" in state.tasks)
    since = state.tasks["sampled_review-1"].given_at
    about = {"task": "sampled_review-1", "since": since.isoformat(), "found": str(count)}
    taken = await case.declare(Declared.LOOKED_BACK, Role.BUSINESS_OWNER, about=about)
    assert taken.refusal is None


async def test_a_bad_output_in_the_sample_stops_the_system_again(environment: WorkflowEnvironment) -> None:
    parts = Parts()
    async with opened(environment, parts, plan=sampling(HOUR)) as case:
        await watched(case)
        await found(case, 1)
        await case.until(lambda state: state.relapses == 1 and state.stage is Stage.INVESTIGATE)
        assert parts.book.of(Kind.RELAPSE)[0].facts["saw"] == "sample_bad"


@pytest.mark.long
async def test_it_is_watched_on_until_somebody_says_what_the_sample_was_like(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts, plan=sampling(timedelta(seconds=2))) as case:
        await watched(case)
        await case.until(lambda state: state.watches >= 2)
        await found(case, 0)
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.RESTARTED
        assert parts.book.of(Kind.WATCH_SILENT) == []
