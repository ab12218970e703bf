"""What people ask to have decided: put, refused, and carried out only once enough have agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Role
from andon.domain.ledger import Entry, Kind
from andon.domain.stage import Stage
from tests.workflows.case import Case, Parts, opened
from tests.workflows.test_carry_over import carried_over

K = DecisionKind
TEXT: dict[str, Any] = {"subject": "c" * 64, "subject_text": "text-2"}
LOWER: dict[str, Any] = {"about": {"severity": "low"}}
OUTWARD = [
    (K.CUSTOMER_NOTIFICATION, Role.COMMUNICATIONS, "notify", (Role.LEGAL, Role.BUSINESS_OWNER)),
    (K.PUBLIC_STATEMENT, Role.COMPLIANCE, "publish", (Role.LEGAL, Role.COMMUNICATIONS, Role.EXECUTIVE)),
    (K.EXTERNAL_COUNSEL, Role.COMPLIANCE, "retain", (Role.LEGAL,)),
    (K.NOTIFY_REGULATOR, Role.COMPLIANCE, "notify", (Role.LEGAL,)),
]
TOLD = {
    K.CUSTOMER_NOTIFICATION: (Role.COMMUNICATIONS,),
    K.PUBLIC_STATEMENT: (Role.COMMUNICATIONS,),
    K.EXTERNAL_COUNSEL: (Role.LEGAL, Role.EXECUTIVE),
    K.NOTIFY_REGULATOR: (Role.LEGAL, Role.COMPLIANCE),
}


def about(case: Case, kind: str, subject: str) -> list[Entry]:
    return [entry for entry in case.parts.book.of(kind) if entry.subject == subject]


def go_aheads(case: Case, kind: str) -> list[tuple[Role, ...]]:
    """Who has been told that they may go ahead outside."""
    return [notice.roles for notice in case.parts.people.notices if notice.about == kind]


async def carried_out(case: Case, question: str) -> None:
    await case.until(lambda state: question in state.acted_on)


def with_role(parts: Parts, person: str, *more: Role) -> None:
    """Give somebody further roles in the directory."""
    people = parts.people.directory.people
    changed = (
        one.model_copy(update={"roles": (*one.roles, *more)}) if one.id == person else one for one in people
    )
    parts.people.directory = Directory(people=tuple(changed))


@pytest.mark.parametrize(
    ("why", "kind", "role", "changes"),
    [
        ("wrong_incident", K.LEAD_TRANSFER, Role.RESPONDER, {"incident": "INC-20261121-other0"}),
        ("binding", K.LEAD_TRANSFER, Role.RESPONDER, {"policy": "f" * 64}),
        ("unknown_person", K.LEAD_TRANSFER, Role.RESPONDER, {"person": "p-nobody"}),
        ("role_not_held", K.LEAD_TRANSFER, Role.RESPONDER, {"person": "p-engineer"}),
        ("wrong_role", K.LEAD_TRANSFER, Role.ENGINEER, {}),
        ("not_for_the_asking", K.TRIAGE, Role.RESPONDER, {}),
        ("not_for_the_asking", K.RATIFICATION, Role.EXECUTIVE, {}),
        ("about", K.LEAD_TRANSFER, Role.RESPONDER, {}),
        ("about", K.LEAD_TRANSFER, Role.RESPONDER, {"about": {"to": "Not A Person"}}),
        ("about", K.SEVERITY_DOWNGRADE, Role.SECURITY, {"about": {"severity": "high"}}),
        ("about", K.EXTERNAL_COUNSEL, Role.LEGAL, {"about": {"mood": "good"}}),
        (
            "unknown_decision",
            K.CLOCK_EXTENSION,
            Role.LEGAL,
            {"about": {"decision": "triage-9", "hours": "1"}},
        ),
        ("about", K.CLOCK_EXTENSION, Role.LEGAL, {"about": {"decision": "triage-1", "hours": "900"}}),
    ],
)
async def test_a_proposal_that_does_not_fit_is_refused_with_the_reason_and_puts_no_question(
    environment: WorkflowEnvironment, why: str, kind: DecisionKind, role: Role, changes: dict[str, Any]
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        proposed = await case.propose(kind, role, **changes)
        assert (proposed.decision, proposed.refusal) == (None, why)
        refusal = (await case.entries(Kind.PROPOSAL_REFUSED))[-1]
        assert (refusal.subject, refusal.facts["refusal"]) == (kind, why)
        assert f"{kind}-1" not in (await case.state()).decisions or kind is K.TRIAGE
        assert (await case.propose(K.EXTERNAL_COUNSEL, Role.LEGAL)).decision == "external_counsel-1"


async def test_what_is_asked_already_is_not_put_twice_and_can_be_asked_again_once_decided(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        first = await case.propose(K.EXTERNAL_COUNSEL, Role.COMPLIANCE)
        again = await case.propose(K.EXTERNAL_COUNSEL, Role.COMMUNICATIONS)
        assert (first.decision, again.refusal) == ("external_counsel-1", "already_asked")
        await case.answer("external_counsel", "do_not_retain", Role.LEGAL)
        assert (await case.propose(K.EXTERNAL_COUNSEL, Role.COMPLIANCE)).decision == "external_counsel-2"


@pytest.mark.parametrize(("kind", "asks", "go", "quorum"), OUTWARD)
async def test_nobody_is_told_to_go_ahead_outside_before_everybody_who_must_has_agreed(
    environment: WorkflowEnvironment, kind: DecisionKind, asks: Role, go: str, quorum: tuple[Role, ...]
) -> None:
    async with opened(environment) as case:
        question = (await case.propose(kind, asks, **TEXT)).decision
        assert question is not None
        for role in quorum:
            assert go_aheads(case, kind) == []
            assert about(case, Kind.CARRIED_OUT, question) == []
            assert (await case.answer(kind, go, role)).accepted
        await carried_out(case, question)
        told = await case.told(kind, 1)
        assert [notice.roles for notice in told] == [TOLD[kind]]
        done = await case.entries(Kind.CARRIED_OUT)
        assert [(one.after, one.digests) for one in done] == [(go, {"text": TEXT["subject"]})]


@pytest.mark.parametrize(("kind", "asks", "go", "quorum"), OUTWARD)
async def test_a_refusal_tells_nobody_to_go_ahead_and_stands_in_the_ledger(
    environment: WorkflowEnvironment, kind: DecisionKind, asks: Role, go: str, quorum: tuple[Role, ...]
) -> None:
    async with opened(environment) as case:
        question = (await case.propose(kind, asks)).decision
        assert question is not None
        for role in quorum[1:]:
            await case.answer(kind, go, role)
        answered = await case.answer(kind, f"do_not_{go}", quorum[0])
        assert answered.outcome == f"do_not_{go}"
        await carried_out(case, question)
        assert [one.after for one in about(case, Kind.DECISION_SETTLED, question)] == [f"do_not_{go}"]
        assert about(case, Kind.DECISION_EXPIRED, question) == []
    assert go_aheads(case, kind) == []


async def test_an_expiry_is_no_refusal_and_the_question_takes_no_more_answers(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        question = (await case.propose(K.NOTIFY_REGULATOR, Role.COMPLIANCE)).decision
        assert question is not None
        request = await case.question("notify_regulator")
        await case.skip(hours=49)
        state = await case.until(lambda state: state.decisions[question].superseded)
        assert state.decisions[question].outcome is None
        expired = about(case, Kind.DECISION_EXPIRED, question)
        assert [one.at for one in expired] == [request.expires_at]
        assert about(case, Kind.DECISION_SETTLED, question) == []
        assert [one.after for one in about(case, Kind.DEFAULT_APPLIED, question)] == ["do_not_notify"]
    assert go_aheads(case, "notify_regulator") == []


@pytest.mark.parametrize(("kind", "asks", "go", "quorum"), OUTWARD)
async def test_whoever_asks_can_not_approve_whatever_roles_they_hold(
    environment: WorkflowEnvironment, kind: DecisionKind, asks: Role, go: str, quorum: tuple[Role, ...]
) -> None:
    parts = Parts()
    with_role(parts, f"p-{asks}", *(role for role in quorum if role is not asks))
    async with opened(environment, parts) as case:
        await case.propose(kind, asks)
        answered = await case.answer(kind, go, quorum[0], person=f"p-{asks}")
        assert answered.refusal == "excluded"
    assert go_aheads(case, kind) == []


async def test_a_downgrade_at_high_takes_a_second_person_and_the_old_severity_stays_on_record(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        before = await case.until(lambda state: state.contained)
        await case.propose(K.SEVERITY_DOWNGRADE, Role.SECURITY, **LOWER)
        own = await case.answer("severity_downgrade", "lower", Role.SECURITY)
        assert (own.refusal, (await case.state()).severity) == ("excluded", "high")
        await case.answer("severity_downgrade", "lower", Role.INCIDENT_LEAD)
        state = await case.until(lambda state: state.severity == "low")
        lowered = await case.entries(Kind.SEVERITY_LOWERED)
        assert [(one.before, one.after) for one in lowered] == [("high", "low")]
        assert state.orders.keys() == before.orders.keys()
        assert state.contained
        assert case.parts.book.of(Kind.INCIDENT_OPENED)[0].after == "high"


async def test_a_downgrade_at_medium_may_be_decided_by_whoever_asked(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="medium") as case:
        await case.propose(K.SEVERITY_DOWNGRADE, Role.SECURITY, **LOWER)
        assert (await case.answer("severity_downgrade", "lower", Role.SECURITY)).accepted
        await case.until(lambda state: state.severity == "low")


async def test_a_severity_that_was_lowered_is_not_raised_again_by_an_old_answer_in_a_new_run(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.seals)
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "critical"})
        await case.until(lambda state: state.severity == "critical")
        await case.propose(K.SEVERITY_DOWNGRADE, Role.SECURITY, about={"severity": "medium"})
        await case.answer("severity_downgrade", "lower", Role.INCIDENT_LEAD)
        await case.until(lambda state: state.severity == "medium")
        await carried_over(case)
        await case.answer("diagnosis", "unknown", Role.ENGINEER)
        assert (await case.state()).severity == "medium"
        assert len(await case.entries(Kind.SEVERITY_RAISED)) == 1


async def test_a_refused_downgrade_changes_nothing(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.propose(K.SEVERITY_DOWNGRADE, Role.SECURITY, **LOWER)
        await case.answer("severity_downgrade", "keep", Role.INCIDENT_LEAD)
        await carried_out(case, "severity_downgrade-1")
        assert (await case.state()).severity == "high"
    assert case.parts.book.of(Kind.SEVERITY_LOWERED) == []


async def test_there_is_exactly_one_lead_before_and_after_the_lead_is_handed_over(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        assert (await case.state()).lead == "p-business_owner"
        await case.propose(K.LEAD_TRANSFER, Role.RESPONDER, about={"to": "p-security"})
        assert (await case.state()).lead == "p-business_owner"
        await case.answer("lead_transfer", "hand_over", Role.INCIDENT_LEAD)
        await case.until(lambda state: state.lead == "p-security")
        named = await case.entries(Kind.LEAD_NAMED)
        assert [(one.before, one.after) for one in named] == [("p-business_owner", "p-security")]
        await case.propose(K.LEAD_TRANSFER, Role.RESPONDER, about={"to": "p-engineer"})
        await case.answer("lead_transfer", "keep", Role.EXECUTIVE)
        await carried_out(case, "lead_transfer-2")
        assert (await case.state()).lead == "p-security"
        assert case.parts.book.views[-1].lead == "p-security"


async def test_more_time_puts_the_question_anew_with_the_later_deadline(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        first = await case.question("triage")
        await case.answer("triage", "false_positive", Role.RESPONDER)
        more = {"decision": "triage-1", "hours": "2"}
        await case.propose(K.CLOCK_EXTENSION, Role.RESPONDER, about=more)
        assert (await case.question("triage")).id == "triage-1"
        await case.answer("clock_extension", "extend", Role.INCIDENT_LEAD)
        state = await case.until(lambda state: "triage-2" in state.decisions)
        second = state.decisions["triage-2"].request
        assert first.deadline is not None
        assert second.deadline == first.deadline + timedelta(hours=2)
        assert second.default_at == second.deadline + timedelta(minutes=30)
        assert state.decisions["triage-1"].superseded
        assert not state.decisions["triage-2"].accepted
        await case.skip(minutes=40)
        await case.answer(
            "triage", "confirm", Role.RESPONDER, received_at=first.opened_at + timedelta(minutes=40)
        )
        assert not (await case.state()).decisions["triage-2"].accepted[0].late
        await case.question("impact")
    assert case.parts.book.of(Kind.DEADLINE_BREACHED) == []


async def test_originals_are_open_to_whoever_asked_for_a_day_and_to_nobody_else(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.propose(K.RAW_EVIDENCE, Role.ENGINEER)
        assert (await case.state()).granted == {}
        await case.answer("raw_evidence", "release", Role.LEGAL)
        state = await case.until(lambda state: state.granted)
        settled = about(case, Kind.DECISION_SETTLED, "raw_evidence-1")[0].at
        assert list(state.granted) == ["p-engineer"]
        until = state.granted["p-engineer"]
        assert timedelta(0) <= until - settled - timedelta(hours=24) < timedelta(seconds=5)
        done = await case.entries(Kind.CARRIED_OUT)
        assert done[0].facts == {"person": "p-engineer", "until": until.isoformat()}


async def test_an_executive_lets_the_fixer_decide_on_the_restart_and_that_stays_on_record(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("impact", "isolated", Role.OPERATIONS)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await case.answer("remediation", "fix_deployed", Role.SECURITY)
        assert (await case.answer("restart", "restart", Role.SECURITY)).refusal == "excluded"
        await case.answer("restart", "restart", Role.LEGAL)
        await case.propose(K.EXECUTIVE_OVERRIDE, Role.BUSINESS_OWNER)
        await case.answer("executive_override", "lift", Role.EXECUTIVE)
        state = await case.until(lambda state: "restart-2" in state.decisions)
        assert state.decisions["restart-1"].superseded
        assert not state.decisions["restart-2"].accepted
        await case.restart()
        await case.entries(Kind.RESTARTED)
    assert [one.after for one in about(case, Kind.CARRIED_OUT, "executive_override-1")] == ["lift"]


async def test_what_an_executive_lifted_counts_for_one_restart_and_not_after_a_relapse(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    async with opened(environment, parts) as case:
        await case.to_the_gate()
        await case.question("restart")
        await case.propose(K.EXECUTIVE_OVERRIDE, Role.BUSINESS_OWNER)
        await case.answer("executive_override", "lift", Role.EXECUTIVE)
        state = await case.until(lambda state: "restart-2" in state.decisions)
        assert "p-engineer" not in state.decisions["restart-2"].request.excluded
        await case.restart()
        await case.until(lambda state: state.stage is Stage.MONITOR)
        was, parts.versions.running = parts.versions.running, "changed behind our back"
        await case.until(lambda state: state.relapses == 1 and state.contained)
        parts.versions.running = was
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        assert (await case.answer("remediation", "fix_deployed", Role.SECURITY)).accepted
        asked = await case.question("restart")
        assert asked.id == "restart-3"
        assert {"p-engineer", "p-security"} <= set(asked.excluded)
        assert (await case.state()).lifted == []


async def test_what_an_executive_lifted_is_used_up_by_a_restart_that_is_decided_against(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        await case.question("restart")
        await case.propose(K.EXECUTIVE_OVERRIDE, Role.BUSINESS_OWNER)
        await case.answer("executive_override", "lift", Role.EXECUTIVE)
        await case.until(lambda state: "restart-2" in state.decisions)
        await case.answer("restart", "keep_stopped", Role.BUSINESS_OWNER)
        await case.answer("remediation", "fix_deployed", Role.ENGINEER)
        asked = await case.question("restart")
        assert (asked.id, "p-engineer" in asked.excluded) == ("restart-3", True)


async def test_an_executive_who_asked_for_the_override_can_not_grant_it(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.propose(K.EXECUTIVE_OVERRIDE, Role.EXECUTIVE)
        answered = await case.answer("executive_override", "lift", Role.EXECUTIVE)
        assert answered.refusal == "excluded"
        assert (await case.state()).lifted == []


async def test_proposals_and_what_they_led_to_survive_a_new_run(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.seals)
        await case.propose(K.RAW_EVIDENCE, Role.ENGINEER)
        await case.answer("raw_evidence", "release", Role.LEGAL)
        await case.propose(K.LEAD_TRANSFER, Role.RESPONDER, about={"to": "p-security"})
        await case.answer("lead_transfer", "hand_over", Role.INCIDENT_LEAD)
        await case.propose(K.EXTERNAL_COUNSEL, Role.COMPLIANCE, **TEXT)
        await carried_out(case, "lead_transfer-1")
        await carried_over(case)
        state = await case.until(lambda state: state.lead == "p-security")
        assert list(state.granted) == ["p-engineer"]
        assert state.decisions["external_counsel-1"].open
        assert (await case.propose(K.EXTERNAL_COUNSEL, Role.COMPLIANCE)).refusal == "already_asked"
        await case.answer("external_counsel", "retain", Role.LEGAL)
        await carried_out(case, "external_counsel-1")
        for kind, count in ((Kind.CARRIED_OUT, 2), (Kind.LEAD_NAMED, 1)):
            assert len(await case.entries(kind)) == count
