"""What a fix and lessons promise to change, and what a diagnosis rests on, in the incident's own state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.change import ChangeState, ChangeType
from andon.domain.decision import DecisionKind
from andon.domain.declaration import DeclarationRight, Declared
from andon.domain.directory import Role
from andon.domain.finding import end_of_day
from andon.domain.incident import Ending
from andon.domain.playbook import Plan
from andon.domain.response import Refusal
from andon.domain.rights import OptionRight, Right
from andon.domain.values import sha256
from tests.answers import DIGEST, PERSON
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import DECLARATIONS, RIGHTS, plan_for
from tests.workflows.test_carry_over import carried_over

DAY = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
CHANGE = {"change_owner": PERSON, "change_due": DAY, "change_link": DIGEST}
FIX = {"change": "prompt", **CHANGE, "addresses": "prompt_design"}
LESSON = {"control_change": "eval", **CHANGE}


def asking(kind: DecisionKind, option: str, type_name: str, **more: str) -> Right:
    """Return a right of the test policy whose option takes a change."""
    findings = {type_name: "change", "change_owner": "person", "change_due": "day", "change_link": "text"}
    wanting = OptionRight(id=option, wants=dict.fromkeys({**findings, **more}, ()))
    others = tuple(one for one in RIGHTS[kind].options if one.id != option)
    fields = {name: getattr(RIGHTS[kind], name) for name in Right.model_fields if name != "findings"}
    return Right(**{**fields, "findings": {**findings, **more}, "options": (wanting, *others)})


def plan() -> Plan:
    found = plan_for(trusted(), sources=tuple(Parts().sources))
    rights = {
        **found.rights,
        DecisionKind.REMEDIATION: asking(
            DecisionKind.REMEDIATION, "fix_deployed", "change", addresses="cause"
        ),
        DecisionKind.LESSONS: asking(DecisionKind.LESSONS, "lessons_recorded", "control_change"),
    }
    right = DeclarationRight(by=(Role.ENGINEER,), about={"type": (), "owner": (), "due": ()})
    return found.model_copy(
        update={"rights": rights, "declarations": {**DECLARATIONS, Declared.CHANGE: right}}
    )


async def to_the_fix(case: Case) -> None:
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
    await case.answer("impact", "isolated", Role.OPERATIONS)
    await case.answer("diagnosis", "prompt_design", Role.ENGINEER)


async def test_no_fix_can_be_marked_before_the_cause_is_named(environment: WorkflowEnvironment) -> None:
    async with opened(environment, plan=plan()) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        state = await case.until(lambda state: state.of(DecisionKind.DIAGNOSIS))
        assert not state.of(DecisionKind.REMEDIATION)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        assert (await case.question("remediation")).findings["addresses"] == ("prompt_design",)


WRONG: list[tuple[dict[str, str | None], Refusal]] = [
    ({"addresses": "retrieval"}, Refusal.UNKNOWN_FINDING),
    ({"addresses": None}, Refusal.FINDING_MISSING),
    ({"change_link": None}, Refusal.FINDING_MISSING),
    ({"change": "luck"}, Refusal.NOT_A_CHANGE_TYPE),
    ({"change_due": "2020-01-01"}, Refusal.NOT_A_DAY),
    ({"change_link": "see the pull request"}, Refusal.NOT_SEALED),
]


async def test_a_fix_that_does_not_say_what_it_changes_and_why_is_refused(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, plan=plan()) as case:
        await to_the_fix(case)
        for changes, refusal in WRONG:
            merged: dict[str, str | None] = {**FIX, **changes}
            given = {name: value for name, value in merged.items() if value is not None}
            answered = await case.answer("remediation", "fix_deployed", Role.ENGINEER, findings=given)
            assert answered.refusal is refusal, changes
        assert not (await case.state()).changes


async def test_a_fix_lessons_and_declarations_leave_their_changes_with_owner_and_day(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, plan=plan()) as case:
        await to_the_fix(case)
        assert (await case.answer("remediation", "fix_deployed", Role.ENGINEER, findings=FIX)).accepted
        fix = (await case.until(lambda state: state.changes)).changes["change-1"]
        assert (fix.type, fix.fixes, fix.state, fix.said_in) == (
            *(ChangeType.PROMPT, True, ChangeState.DONE),
            "remediation-1",
        )
        about = {"type": "runbook", "owner": "sana", "due": DAY}
        taken = await case.declare(Declared.CHANGE, Role.ENGINEER, about=about, reason=sha256(b"why"))
        assert taken.refusal is None
        await case.restart()
        said = await case.answer("lessons", "lessons_recorded", Role.INCIDENT_LEAD, findings=LESSON)
        assert said.accepted
        assert await case.ended() is Ending.RESTARTED
        changes = (await case.state()).changes
    assert list(changes) == ["change-1", "change-2", "change-3"]
    assert (changes["change-2"].owner, changes["change-2"].link) == ("sana", sha256(b"why"))
    lesson = changes["change-3"]
    assert (lesson.type, lesson.owner, lesson.due, lesson.link) == (
        *(ChangeType.EVAL, PERSON, end_of_day(DAY)),
        DIGEST,
    )
    assert (lesson.state, lesson.fixes, lesson.said_in) == (ChangeState.OPEN, False, "lessons-1")
    assert case.parts.book.views[-1].changes == changes


IMPOSSIBLE = (
    {"type": "luck", "owner": "sana", "due": DAY},
    {"type": "eval", "owner": "Sana/Haddad", "due": DAY},
    {"type": "eval", "owner": "sana", "due": "2020-01-01"},
)


async def test_a_declared_change_that_cannot_be_is_refused(environment: WorkflowEnvironment) -> None:
    async with opened(environment, plan=plan()) as case:
        for about in IMPOSSIBLE:
            assert (await case.declare(Declared.CHANGE, Role.ENGINEER, about=about)).refusal is Refusal.ABOUT
        stranger = await case.declare(
            Declared.CHANGE, Role.LEGAL, about={"type": "eval", "owner": "sana", "due": DAY}
        )
        assert stranger.refusal is Refusal.WRONG_ROLE
        assert not (await case.state()).changes


@pytest.mark.long
async def test_a_change_is_taken_over_once_however_often_the_run_is_carried_over(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, plan=plan()) as case:
        await to_the_fix(case)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER, findings=FIX)
        before = (await case.until(lambda state: state.changes)).changes
        await carried_over(case)
        assert (await case.state()).changes == before
