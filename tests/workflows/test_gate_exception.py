"""The ways around a shut gate: for some hours under review, or by rules that others than the fixer accept."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import Verb
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.errors import EvaluationError
from andon.domain.ledger import Kind
from andon.domain.release import StepKind
from andon.domain.stage import Stage
from andon.domain.system import LeverEntry
from tests.workflows.case import Parts, opened, trusted
from tests.workflows.policy import SYSTEM, plan_for

K = DecisionKind
REVIEWED = SYSTEM.model_copy(update={"levers": (*SYSTEM.levers, LeverEntry(verb=Verb.ROUTE_TO_REVIEW))})
ACCEPTED = "0123456789abcdef"


def away(_: object) -> dict[str, Any]:
    raise EvaluationError("the harness is away")


async def test_an_exception_lets_it_run_under_review_for_its_hours_and_no_further(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.judged = away
    async with opened(environment, parts, plan=plan_for(trusted(), system=REVIEWED)) as case:
        early = await case.propose(K.GATE_EXCEPTION, Role.BUSINESS_OWNER, about={"hours": "24"})
        assert early.refusal == "gate_not_shut"
        await case.to_the_gate()
        await case.entries(Kind.GATE_SHUT)
        assert parts.levers_fake.stopped()
        await case.propose(K.GATE_EXCEPTION, Role.BUSINESS_OWNER, about={"hours": "24"})
        await case.answer("gate_exception", "grant", Role.EXECUTIVE)
        await case.until(lambda state: state.exception is not None)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.restart()
        state = await case.until(lambda state: state.release is not None and state.release.begun)
        assert state.release is not None
        assert state.release.steps[0].kind is StepKind.REVIEW_ALL
        assert (state.release.step, state.release.next_at) == (1, None)
        await case.until(lambda state: state.stage is Stage.MONITOR)
        await case.skip(hours=25)
        state = await case.until(lambda state: state.relapses == 1 and state.contained)
        assert (state.exception, state.release) == (None, None)
        (over,) = await case.entries(Kind.RELAPSE)
        assert over.facts["saw"] == "exception_over"
        carried = [one.after for one in await case.entries(Kind.CARRIED_OUT, 2)]
        assert carried == ["grant", "gate_shut"]


@pytest.mark.long
async def test_without_a_lever_for_review_there_is_no_exception(environment: WorkflowEnvironment) -> None:
    parts = Parts()
    parts.judged = away
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.entries(Kind.GATE_SHUT)
        asked = await case.propose(K.GATE_EXCEPTION, Role.BUSINESS_OWNER, about={"hours": "24"})
        assert asked.refusal == "gate_not_shut"


@pytest.mark.long
async def test_rules_that_owner_and_security_accept_are_those_a_run_is_held_to(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.judged = lambda request: {} if request.pin == ACCEPTED else {"changed": ("suite",)}
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        (shut,) = await case.entries(Kind.GATE_SHUT)
        assert shut.facts["reasons"] == "suite_changed"
        refused = await case.propose(K.THRESHOLD_CHANGE, Role.ENGINEER, about={"pin": "lower"})
        assert refused.refusal == "about"
        await case.propose(K.THRESHOLD_CHANGE, Role.ENGINEER, about={"pin": ACCEPTED})
        for role in (Role.BUSINESS_OWNER, Role.SECURITY):
            assert (await case.answer("threshold_change", "accept", role)).accepted
        await case.until(lambda state: state.pin == ACCEPTED)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        await case.question("restart")
