"""What users are told of a restart is on record; what not restarting means is said with the answer."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.incident import Ending
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.rights import OptionRight
from andon.domain.stage import Stage
from tests.workflows.case import Parts, opened, trusted
from tests.workflows.policy import plan_for
from tests.workflows.test_children import LONG_WATCH

EXPLAINS = LONG_WATCH.model_copy(
    update={
        "declarations": {
            **LONG_WATCH.declarations,
            Declared.EXPLAINED: DeclarationRight(by=(Role.BUSINESS_OWNER, Role.COMMUNICATIONS)),
        }
    }
)


async def test_an_explanation_takes_a_restart_and_is_kept_by_id_and_digest_alone(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts, plan=EXPLAINS) as case:
        early = await case.declare(Declared.EXPLAINED, Role.BUSINESS_OWNER)
        assert early.refusal is Refusal.NOT_DECLARABLE
        await case.to_the_gate()
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR and state.watch_until)
        stranger = await case.declare(Declared.EXPLAINED, Role.OPERATIONS)
        assert stranger.refusal is Refusal.WRONG_ROLE
        assert (await case.declare(Declared.EXPLAINED, Role.COMMUNICATIONS)).refusal is None
        state = await case.until(lambda state: state.explained)
        assert state.explained is not None
        assert (state.explained.text, state.explained.relapses) == ("text-1", 0)


async def test_the_answer_not_to_restart_says_whether_it_is_retired_or_narrowed(
    environment: WorkflowEnvironment,
) -> None:
    plan = plan_for(trusted())
    right = plan.rights[DecisionKind.REMEDIATION]
    options = tuple(
        OptionRight(id=one.id, needs=one.needs, wants={"ending": ()} if one.id == "not_restarting" else {})
        for one in right.options
    )
    wants = right.model_copy(
        update={"options": options, "findings": {**right.findings, "ending": ("retired", "narrowed")}}
    )
    plan = plan.model_copy(update={"rights": {**plan.rights, DecisionKind.REMEDIATION: wants}})
    parts = Parts()
    async with opened(environment, parts, plan=plan) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("impact", "isolated", Role.OPERATIONS)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        silent = await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
        assert silent.refusal is Refusal.FINDING_MISSING
        said = {"ending": "retired"}
        assert (
            await case.answer("remediation", "not_restarting", Role.BUSINESS_OWNER, findings=said)
        ).accepted
        await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD)
        assert await case.ended() is Ending.NOT_RESTARTED
        view = await parts.book.shown(case.opening.incident)
        assert view is not None
        assert view.findings["ending"] == "retired"
        assert all(one.kept for one in view.orders)
        assert parts.book.of(Kind.ORDER_KEPT)
