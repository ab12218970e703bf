"""The business owner is heard of in time, or others are told; one person leads, or an alarm says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declared
from andon.domain.directory import Absence, Directory, Role, standing_at
from andon.domain.errands import LEAD_GONE, LeadGone
from andon.domain.ledger import Kind
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import plan_for

OWNER = "p-business_owner"


def on_leave(parts: Parts, delegate: str) -> None:
    """Send the owner on leave, with somebody to stand in."""
    now = datetime.now(UTC)
    away = Absence(since=now - timedelta(hours=1), until=now + timedelta(days=7))
    people = (
        one.model_copy(update={"absences": (away,), "delegates": (delegate,)}) if one.id == OWNER else one
        for one in parts.people.directory.people
    )
    parts.people.directory = Directory(people=tuple(people))


async def past_the_deadline(case: Case) -> None:
    await case.question("triage")
    await case.skip(minutes=31)
    await case.entries(Kind.DEADLINE_BREACHED)


async def test_nothing_heard_of_the_owner_is_on_record_once_and_the_next_and_the_lead_are_told(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        deadline = (await case.question("triage")).deadline
        await past_the_deadline(case)
        [silent] = await case.entries(Kind.OWNER_SILENT)
        assert (silent.subject, silent.at) == (OWNER, deadline)
        [told] = await case.told("unacknowledged", 1)
        assert told.roles == (Role.BUSINESS_OWNER, Role.INCIDENT_LEAD)
        await case.skip(hours=5)
        assert len(case.parts.book.of(Kind.OWNER_SILENT)) == 1
        view = case.parts.book.views[-1]
        assert (view.owner_overdue, view.acknowledgement) == (True, None)
        assert (await case.declare(Declared.ACKNOWLEDGED, Role.BUSINESS_OWNER)).refusal is None
        late = case.parts.book.views[-1].acknowledgement
        assert late is not None
        assert late.person == OWNER


@pytest.mark.parametrize("how", ["declares", "answers", "answers in another role"])
async def test_any_word_of_the_owner_counts(environment: WorkflowEnvironment, how: str) -> None:
    parts = Parts()
    if how == "answers in another role":
        people = (
            one.model_copy(update={"roles": (*one.roles, Role.RESPONDER)}) if one.id == OWNER else one
            for one in parts.people.directory.people
        )
        parts.people.directory = Directory(people=tuple(people))
    async with opened(environment, parts) as case:
        await case.question("triage")
        if how == "declares":
            await case.declare(Declared.ACKNOWLEDGED, Role.BUSINESS_OWNER)
        elif how == "answers":
            await case.answer("triage", "confirm", Role.RESPONDER)
            assert (await case.answer("impact", "isolated", Role.BUSINESS_OWNER)).accepted
        else:
            assert (await case.answer("triage", "confirm", Role.RESPONDER, person=OWNER)).accepted
        await case.skip(minutes=40)
        await case.until(lambda state: state.stages)
        assert case.parts.book.of(Kind.OWNER_SILENT) == []
        heard = case.parts.book.views[-1].acknowledgement
        assert heard is not None
        assert heard.person == OWNER


async def test_a_word_of_whoever_stands_in_for_the_owner_on_leave_counts(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    on_leave(parts, "p-operations")
    async with opened(environment, parts) as case:
        await case.question("triage")
        stranger = await case.declare(Declared.ACKNOWLEDGED, Role.BUSINESS_OWNER, person="p-engineer")
        assert stranger.refusal == "role_not_held"
        taken = await case.declare(Declared.ACKNOWLEDGED, Role.BUSINESS_OWNER, person="p-operations")
        assert taken.refusal is None
        await past_the_deadline(case)
        assert case.parts.book.of(Kind.OWNER_SILENT) == []
        standing = standing_at(parts.people.directory, "p-operations", datetime.now(UTC))
        assert standing.speaks_as(Role.BUSINESS_OWNER)


async def test_an_answer_of_somebody_else_is_no_word_of_the_owner(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.skip(minutes=31)
        assert len(await case.entries(Kind.OWNER_SILENT)) == 1


def without_lead() -> dict[str, Any]:
    return {"plan": plan_for(trusted()).model_copy(update={"leaderless": True})}


async def test_an_incident_without_a_lead_after_triage_is_told_to_an_executive_once(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, **without_lead()) as case:
        await case.question("triage")
        assert case.parts.book.of(Kind.LEAD_MISSING) == []
        await case.answer("triage", "confirm", Role.RESPONDER)
        [missing] = await case.entries(Kind.LEAD_MISSING)
        assert missing.subject == "nobody"
        [told] = await case.told("lead_missing", 1)
        assert told.roles == (Role.EXECUTIVE,)
        assert case.parts.book.views[-1].lead_gone


async def test_a_lead_who_is_gone_is_told_once_and_a_new_lead_ends_that(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.signal(LEAD_GONE, LeadGone(person="p-legal"))
        await case.signal(LEAD_GONE, "nonsense")
        await case.entries(Kind.SIGNAL_REFUSED)
        assert case.parts.book.of(Kind.LEAD_MISSING) == []
        for _ in range(2):
            await case.signal(LEAD_GONE, LeadGone(person=OWNER))
        [missing] = await case.entries(Kind.LEAD_MISSING)
        assert missing.subject == OWNER
        await case.propose(DecisionKind.LEAD_TRANSFER, Role.RESPONDER, about={"to": "p-incident_lead"})
        await case.answer("lead_transfer", "hand_over", Role.EXECUTIVE)
        state = await case.until(lambda state: state.lead == "p-incident_lead")
        assert not state.lead_gone
        assert len(case.parts.book.of(Kind.LEAD_MISSING)) == 1
