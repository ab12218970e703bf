"""Tasks: given to their function, reminded of, closed on record, and not forgotten at closing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.business_time import Term
from andon.domain.decision import DecisionKind
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.escalation import QUESTIONS
from andon.domain.incident import Ending, IncidentState
from andon.domain.ledger import Kind
from andon.domain.severity import Band
from andon.domain.stage import Stage
from andon.domain.task import Task, TaskRule, TaskState, current
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import plan_for
from tests.workflows.test_carry_over import carried_over

WITHIN_A_DAY = {"within": dict.fromkeys(Band, Term.model_validate("P1D"))}
RULES = {
    "keep_going": TaskRule(role=Role.OPERATIONS, stage=Stage.CONTAIN),
    "only_when_critical": TaskRule(role=Role.OPERATIONS, stage=Stage.CONTAIN, at=(Band.CRITICAL,)),
    "look": TaskRule(role=Role.RESPONDER, stage=Stage.TRIAGE_CLASSIFY, closes_with=DecisionKind.TRIAGE),
    "find_cause": TaskRule(role=Role.ENGINEER, stage=Stage.INVESTIGATE, closes_with=DecisionKind.DIAGNOSIS),
    "look_back": TaskRule(
        role=Role.OPERATIONS, stage=Stage.ASSESS_IMPACT, follows="look_back", **WITHIN_A_DAY
    ),
    "read_changes": TaskRule(
        role=Role.ENGINEER,
        stage=Stage.INVESTIGATE,
        follows="roll_back_and_change_log",
        closes_with=DecisionKind.DIAGNOSIS,
    ),
    "find_out": TaskRule(role=Role.BUSINESS_OWNER, stage=Stage.ASSESS_IMPACT, follows="open_points"),
}
CLOSING = DeclarationRight(
    by=(Role.OPERATIONS, Role.ENGINEER, Role.BUSINESS_OWNER, Role.INCIDENT_LEAD, Role.RESPONDER),
    about={"task": (), "state": ("done", "cannot")},
)
ALL_NO = dict.fromkeys((*QUESTIONS, "acted_upon", "notification_required"), "no")


@asynccontextmanager
async def tasked(environment: WorkflowEnvironment, parts: Parts | None = None) -> AsyncIterator[Case]:
    """Open an incident whose policy has tasks."""
    parts = parts or Parts()
    plan = plan_for(trusted(), sources=tuple(parts.sources))
    plan = plan.model_copy(
        update={"tasks": RULES, "declarations": {**plan.declarations, Declared.TASK: CLOSING}}
    )
    impact = plan.rights[DecisionKind.IMPACT]
    findings = {**impact.findings, **dict.fromkeys(("acted_upon", "notification_required"), ("yes", "no"))}
    rights = {**plan.rights, DecisionKind.IMPACT: impact.model_copy(update={"findings": findings})}
    async with opened(environment, parts, plan=plan.model_copy(update={"rights": rights})) as case:
        yield case


def now(state: IncidentState, name: str) -> Task:
    return current(state.tasks[name], state.decisions.values())


async def close(case: Case, task: str, role: Role, state: str = "done", **changes: Any) -> str | None:
    taken = await case.declare(Declared.TASK, role, about={"task": task, "state": state}, **changes)
    return taken.refusal


async def told_of(case: Case, about: str, subject: str) -> list[tuple[Role, ...]]:
    """Wait a bounded time until somebody is told of a task; return the roles of each notice."""
    for count in range(1, 20):
        told = [one.roles for one in await case.told(about, count) if one.subject == subject]
        if told:
            return told
    raise AssertionError(f"nobody is told of {subject}")


async def assessed(case: Case, option: str = "isolated", **findings: str) -> IncidentState:
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("impact", option, Role.OPERATIONS, findings={**ALL_NO, **findings})
    return await case.until(lambda state: state.assessed)


async def test_each_stage_gives_its_tasks_to_the_function_they_belong_to_with_its_clock(
    environment: WorkflowEnvironment,
) -> None:
    async with tasked(environment) as case:
        state = await case.until(lambda state: "keep_going-1" in state.tasks)
        task = state.tasks["keep_going-1"]
        contain = next(one for one in state.stages if one.stage is Stage.CONTAIN)
        assert (task.role, task.due, task.open) == (Role.OPERATIONS, contain.due, True)
        assert "only_when_critical-1" not in state.tasks
        assert "find_cause-1" not in state.tasks
        given = await case.entries(Kind.TASKS_GIVEN, 2)
        assert {one.subject: one.after for one in given} == {
            "contain": "keep_going-1",
            "triage_classify": "look-1",
        }


async def test_a_task_that_a_question_answers_closes_with_it_and_costs_nothing(
    environment: WorkflowEnvironment,
) -> None:
    async with tasked(environment) as case:
        await case.question("triage")
        assert now(await case.state(), "look-1").open
        await case.answer("triage", "confirm", Role.RESPONDER)
        done = now(await case.state(), "look-1")
        assert (done.state, done.closed_by, done.answer) == (TaskState.DONE, "p-responder", "triage-1")
        assert await close(case, "look-1", Role.RESPONDER) == "already_so"


async def test_a_higher_severity_gives_what_it_adds_to_the_stages_that_run(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.levers_fake.blind = True
    async with tasked(environment, parts) as case:
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "critical"})
        state = await case.until(lambda state: state.severity is Band.CRITICAL)
        assert "only_when_critical-1" in state.tasks
        assert [name for name in state.tasks if name.startswith("keep_going")] == ["keep_going-1"]


@pytest.mark.parametrize(
    ("role", "about", "refusal"),
    [
        (Role.ENGINEER, {"task": "keep_going-1", "state": "done"}, "wrong_role"),
        (Role.OPERATIONS, {"task": "keep_going-9", "state": "done"}, "about"),
        (Role.OPERATIONS, {"task": "keep_going-1", "state": "nearly"}, "about"),
        (Role.OPERATIONS, {"task": "keep_going-1"}, "about"),
        (Role.SECURITY, {"task": "keep_going-1", "state": "done"}, "wrong_role"),
        (Role.OPERATIONS, {"task": "keep_going-1", "state": "cannot"}, None),
        (Role.INCIDENT_LEAD, {"task": "keep_going-1", "state": "done"}, None),
    ],
)
async def test_only_its_function_or_the_lead_closes_a_task_and_once(
    environment: WorkflowEnvironment, role: Role, about: dict[str, str], refusal: str | None
) -> None:
    async with tasked(environment) as case:
        await case.until(lambda state: "keep_going-1" in state.tasks)
        taken = await case.declare(Declared.TASK, role, about=about)
        assert taken.refusal == refusal
        task = (await case.state()).tasks["keep_going-1"]
        assert task.open == (refusal is not None)
        if refusal is None:
            assert (task.state, task.closed_by) == (about["state"], f"p-{role}")
            assert await close(case, "keep_going-1", role) == "already_so"


async def test_an_open_task_is_reminded_of_once_and_the_lead_hears_once_that_it_is_overdue(
    environment: WorkflowEnvironment,
) -> None:
    async with tasked(environment) as case:
        await assessed(case, more_affected="yes")
        [given] = [one for one in await case.told("task", 1) if one.subject == "look_back-1"]
        assert given.roles == (Role.OPERATIONS,)
        await case.skip(hours=13)
        assert await told_of(case, "task_reminder", "look_back-1") == [(Role.OPERATIONS,)]
        await case.skip(hours=40)
        await case.until(lambda state: state.tasks["look_back-1"].overdue)
        overdue = [one for one in await case.entries(Kind.TASK_OVERDUE) if one.subject == "look_back-1"]
        due = (await case.state()).tasks["look_back-1"].due
        assert [one.at for one in overdue] == [due]
        told = await told_of(case, "task_overdue", "look_back-1")
        assert told == [(Role.OPERATIONS, Role.INCIDENT_LEAD)]


async def test_a_task_that_closed_in_time_is_neither_reminded_of_nor_overdue(
    environment: WorkflowEnvironment,
) -> None:
    async with tasked(environment) as case:
        await assessed(case, more_affected="yes")
        assert await close(case, "look_back-1", Role.OPERATIONS) is None
        await case.skip(hours=60)
        state = await case.state()
        assert not state.tasks["look_back-1"].overdue
        assert "look_back-1" not in [one.subject for one in case.parts.book.of(Kind.TASK_OVERDUE)]


async def test_a_recent_change_has_the_engineer_go_through_it_until_the_cause_is_named(
    environment: WorkflowEnvironment,
) -> None:
    async with tasked(environment) as case:
        state = await assessed(case, recent_change="unknown")
        assert state.tasks["read_changes-1"].role is Role.ENGINEER
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        assert now(await case.state(), "read_changes-1").answer == "diagnosis-1"


@pytest.mark.parametrize(
    ("option", "findings", "expected"),
    [
        ("isolated", {}, False),
        ("isolated", {"data_exposed": "unknown"}, True),
        ("unknown", {}, True),
    ],
)
async def test_what_is_not_known_of_the_reach_becomes_a_task_of_the_business_owner(
    environment: WorkflowEnvironment, option: str, findings: dict[str, str], expected: bool
) -> None:
    async with tasked(environment) as case:
        state = await assessed(case, option, **findings)
        assert ("find_out-1" in state.tasks) == expected


async def to_the_lessons(case: Case) -> None:
    await assessed(case, more_affected="yes")
    await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
    await case.answer("diagnosis", "unknown", Role.ENGINEER)
    await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
    await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)


@pytest.mark.parametrize("state", ["done", "cannot"])
async def test_an_incident_does_not_close_over_an_open_follow_up(
    environment: WorkflowEnvironment, state: str
) -> None:
    async with tasked(environment) as case:
        await to_the_lessons(case)
        [waits] = await case.entries(Kind.CLOSING_WAITS)
        assert waits.after == "look_back-1"
        [told] = await case.told("closing_waits", 1)
        assert set(told.roles) == {Role.OPERATIONS, Role.INCIDENT_LEAD}
        await case.skip(hours=2)
        assert (await case.state()).closed_at is None
        assert await close(case, "look_back-1", Role.OPERATIONS, state) is None
        assert await case.ended() is Ending.NOT_RESTARTED
        assert len(case.parts.book.of(Kind.CLOSING_WAITS)) == 1
    assert case.parts.book.views[-1].tasks[-1].state in ("done", "cannot", "open")


async def test_tasks_are_carried_over_and_the_closing_waits_on(environment: WorkflowEnvironment) -> None:
    async with tasked(environment) as case:
        await to_the_lessons(case)
        await case.entries(Kind.CLOSING_WAITS)
        await carried_over(case)
        assert (await case.until(lambda state: state.tasks)).tasks["look_back-1"].open
        assert await close(case, "look_back-1", Role.OPERATIONS) is None
        assert await case.ended() is Ending.NOT_RESTARTED
