"""Every stage has an owner and a time, and who belongs to an incident joins by a table."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from andon.domain.detection import Tag
from andon.domain.directory import Role
from andon.domain.incident import IncidentState
from andon.domain.ledger import Kind
from andon.domain.rights import Joining
from andon.domain.severity import Band
from andon.domain.stage import Stage, StageRecord
from tests.workflows.case import Parts, opened, trusted
from tests.workflows.policy import STAGES, plan_for


def triage_of(state: IncidentState) -> StageRecord:
    return next(one for one in state.stages if one.stage is Stage.TRIAGE_CLASSIFY)


async def test_each_stage_that_has_begun_names_its_owner_and_when_it_is_due(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        state = await case.until(lambda state: state.contained and state.seals)
        begun = {record.stage: record for record in state.stages}
        assert {Stage.CONTAIN, Stage.PRESERVE_EVIDENCE, Stage.TRIAGE_CLASSIFY} <= set(begun)
        for stage, record in begun.items():
            right = STAGES.get(stage)
            assert record.owner is (right.owner if right else None)
            due = case.opening.plan.stage_due(stage, Band.HIGH, record.began_at)
            assert record.due == due
        assert begun[Stage.CONTAIN].state == "done"


async def test_a_stage_that_is_not_done_in_time_is_on_record_once_and_its_owner_and_the_lead_are_told(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained and state.seals)
        triage = triage_of(await case.state())
        assert triage.due is not None
        await case.skip(seconds=(triage.due - triage.began_at).total_seconds() + 60)
        late = [one for one in await case.entries(Kind.STAGE_OVERDUE) if one.subject == triage.stage]
        assert [entry.at for entry in late] == [triage.due]
        told = [notice for notice in await case.told("overdue", 1) if notice.subject == triage.stage]
        assert [notice.roles for notice in told] == [(triage.owner, Role.INCIDENT_LEAD)]
        assert triage_of(await case.state()).state == "overdue"
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.until(lambda state: triage_of(state).state == "done_late")


async def test_roles_join_by_severity_and_kind_and_more_of_them_when_it_gets_worse(
    environment: WorkflowEnvironment,
) -> None:
    joining = Joining(
        at={
            Band.HIGH: (Role.SECURITY, Role.LEGAL),
            Band.CRITICAL: (Role.SECURITY, Role.LEGAL, Role.EXECUTIVE, Role.COMMUNICATIONS),
        },
        types={"privacy_event": (Role.PRIVACY,)},
    )
    parts = Parts()
    plan = plan_for(trusted(), sources=tuple(parts.sources)).model_copy(update={"joining": joining})
    async with opened(environment, parts, plan=plan, type="privacy_event") as case:
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "critical"})
        state = await case.until(lambda state: Role.EXECUTIVE in state.joined_roles)
        joined = [(entry.subject, entry.after) for entry in await case.entries(Kind.ROLES_JOINED, 2)]
        assert joined == [("high", "legal,privacy,security"), ("critical", "communications,executive")]
        assert len(state.joined_roles) == len(set(state.joined_roles))
        told = await case.told("joined", 2)
        assert [set(notice.roles) for notice in told] == [
            {Role.SECURITY, Role.LEGAL, Role.PRIVACY},
            {Role.EXECUTIVE, Role.COMMUNICATIONS},
        ]


async def test_tags_bring_in_the_roles_they_concern(environment: WorkflowEnvironment) -> None:
    tags = {"privacy": (Role.PRIVACY, Role.LEGAL), "security": (Role.SECURITY,)}
    parts = Parts()
    plan = plan_for(trusted(), sources=tuple(parts.sources)).model_copy(
        update={"joining": Joining(tags=tags)}
    )
    async with opened(environment, parts, plan=plan, tags=(Tag.PRIVACY, Tag.REPUTATIONAL)) as case:
        state = await case.until(lambda state: state.joined_roles)
        assert set(state.joined_roles) == {Role.PRIVACY, Role.LEGAL}
        (told,) = await case.told("joined", 1)
        assert set(told.roles) == {Role.PRIVACY, Role.LEGAL}
