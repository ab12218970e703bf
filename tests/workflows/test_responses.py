"""Answers that must not count: refused with the reason, on record, without effect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.directory import Directory, Person, Role
from andon.domain.ledger import Kind
from andon.domain.signing import sign
from tests.workflows.case import SEED, STRANGER, Case, Parts, opened


async def refused(case: Case, why: str) -> None:
    """The last refusal on record has this reason, and the incident still works."""
    entries = [entry for entry in await case.entries(Kind.RESPONSE_REFUSED) if entry.facts["refusal"] == why]
    assert entries, [entry.facts for entry in case.parts.book.of(Kind.RESPONSE_REFUSED)]
    assert (await case.answer("triage", "confirm", Role.RESPONDER)).accepted


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("wrong_role", {"role": Role.ENGINEER, "person": "p-engineer"}),
        ("role_not_held", {"person": "p-engineer"}),
        ("unknown_person", {"person": "p-nobody"}),
        ("unknown_option", {"option": "open_sesame"}),
        ("unknown_finding", {"findings": {"severity": "catastrophic"}}),
        ("superseded", {"request": "f" * 64}),
        ("binding", {"policy": "f" * 64}),
        ("wrong_incident", {"incident": "INC-20261121-other0"}),
        ("unknown_decision", {"decision": "triage-99"}),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_with_the_reason(
    environment: WorkflowEnvironment, why: str, changes: dict[str, Any]
) -> None:
    async with opened(environment) as case:
        answered = await case.answer("triage", **{"option": "confirm", "role": Role.RESPONDER, **changes})
        assert answered.refusal == why
        await refused(case, why)


async def test_an_answer_dated_before_the_question_is_refused(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        early = request.opened_at - timedelta(minutes=1)
        answered = await case.answer("triage", "confirm", Role.RESPONDER, received_at=early)
        assert answered.refusal == "before_the_question"
        await refused(case, "before_the_question")


async def test_a_person_answers_once_and_a_decided_question_stays_decided(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        await case.answer("triage", "confirm", Role.RESPONDER)
        again = await case.send(sign(case.statement(request, "false_positive", Role.RESPONDER), SEED))
        other = await case.send(sign(case.statement(request, "false_positive", Role.INCIDENT_LEAD), SEED))
        assert (again.refusal, other.refusal) == ("twice", "already_decided")
        assert (await case.state()).decisions["triage-1"].outcome == "confirm"


async def test_the_same_statement_delivered_twice_counts_once(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        envelope = sign(case.statement(request, "false_positive", Role.RESPONDER), SEED)
        assert (await case.send(envelope)).accepted
        assert (await case.send(envelope)).refusal == "replayed"
        assert (await case.state()).decisions["triage-1"].outcome is None


async def test_whoever_marked_the_fix_as_done_may_not_restart(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await case.answer("remediation", "fix_deployed", Role.SECURITY)
        answered = await case.answer("restart", "restart", Role.SECURITY)
        assert answered.refusal == "excluded"
        wrong = await case.answer("restart", "restart", Role.ENGINEER)
        assert wrong.refusal == "wrong_role"
        assert case.parts.levers_fake.stopped()


async def test_an_expired_question_takes_no_answer(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.to_the_gate()
        request = await case.question("restart")
        late = request.opened_at + timedelta(hours=25)
        answered = await case.answer("restart", "restart", Role.BUSINESS_OWNER, received_at=late)
        assert answered.refusal == "expired"


async def test_a_suspended_person_counts_no_more(environment: WorkflowEnvironment) -> None:
    parts = Parts()
    async with opened(environment, parts) as case:
        request = await case.question("triage")
        people = [
            Person(id=p.id, name=p.name, roles=p.roles, suspended_from=request.opened_at)
            if p.id == "p-incident_lead"
            else p
            for p in parts.people.directory.people
        ]
        parts.people.directory = Directory(people=tuple(people))
        answered = await case.answer("triage", "confirm", Role.INCIDENT_LEAD)
        assert answered.refusal == "suspended"
        await refused(case, "suspended")


async def test_a_statement_signed_by_a_stranger_or_altered_is_refused(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        forged = sign(case.statement(request, "confirm", Role.RESPONDER), STRANGER)
        assert (await case.send(forged)).refusal == "signature"
        good = sign(case.statement(request, "confirm", Role.RESPONDER), SEED)
        other = sign(case.statement(request, "false_positive", Role.RESPONDER), SEED)
        altered = good.model_copy(update={"payload": other.payload})
        assert (await case.send(altered)).refusal == "signature"
        await refused(case, "signature")


async def test_an_emitted_statement_counts_when_it_comes_by_signal(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        request = await case.question("triage")
        envelope = sign(case.statement(request, "confirm", Role.RESPONDER), SEED)
        await case.signal("respond_signal", envelope.model_dump(mode="json"))
        await case.until(lambda state: state.decisions["triage-1"].outcome == "confirm")


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("approve everything",),
        ({"payload": 7},),
        ({"payloadType": "x", "payload": "", "signatures": []},),
        (1, 2, 3),
        (None,),
        ([[[[]]]],),
    ],
    ids=repr,
)
async def test_a_mistyped_signal_is_refused_on_record_and_the_incident_goes_on(
    environment: WorkflowEnvironment, args: tuple[Any, ...]
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        await case.signal("respond_signal", *args)
        await refused(case, "malformed")


async def test_signals_nobody_knows_are_refused_on_record_and_a_flood_is_only_counted(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        for _ in range(30):
            await case.signal("open_the_gate", {"please": True})
        state = await case.until(lambda state: state.refusals.get("signal") == 30)
        assert len(await case.entries(Kind.SIGNAL_REFUSED, 20)) == 20
        assert state.decisions["triage-1"].open


async def test_refused_answers_of_one_person_are_written_out_twenty_times_then_counted(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        for _ in range(25):
            await case.answer("triage", "confirm", Role.ENGINEER)
        state = await case.until(lambda state: state.refusals.get("triage-1/p-engineer") == 25)
        assert len(case.parts.book.of(Kind.RESPONSE_REFUSED)) == 20
        assert state.decisions["triage-1"].open


async def test_forged_reports_of_children_open_nothing(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        await case.signal("evidence_sealed", {"number": 7})
        await case.signal("reevaluation_over", {"number": 1})
        await case.signal("watch_over", {"saw": "quiet"})
        await case.to_the_gate()
        assert (await case.question("restart")).binding.evaluation != "0" * 64
        assert case.parts.levers_fake.stopped()


async def test_a_cancelled_incident_goes_on_with_its_levers_set(environment: WorkflowEnvironment) -> None:
    async with opened(environment) as case:
        await case.until(lambda state: state.contained)
        await case.handle.cancel()
        refusal = await case.entries(Kind.SIGNAL_REFUSED)
        assert refusal[0].subject == "cancel"
        assert (await case.answer("triage", "confirm", Role.RESPONDER)).accepted
        assert case.parts.levers_fake.stopped()
