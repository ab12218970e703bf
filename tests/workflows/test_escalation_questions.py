"""The seven escalation questions: whom each answer brings in, what it starts, and that nothing is lowered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.ledger import Entry, Kind
from andon.domain.severity import Band
from tests.workflows.case import Case, Parts, opened
from tests.workflows.test_carry_over import carried_over

SEVEN = (
    "left_company",
    "data_exposed",
    "took_action",
    "reviewer_passed_it",
    "more_affected",
    "recent_change",
    "obligation",
)
ROUTES = {
    "left_company": {Role.COMMUNICATIONS, Role.BUSINESS_OWNER},
    "data_exposed": {Role.PRIVACY, Role.LEGAL},
    "obligation": {Role.LEGAL},
}
AT_LEAST = {
    "left_company": {"exposure": "external_limited"},
    "data_exposed": {"data_exposed": "internal_unauthorised"},
    "took_action": {"autonomy": "acts_with_approval"},
    "reviewer_passed_it": {"control_failed": "yes"},
    "more_affected": {"blast_radius": "segment"},
}
FOLLOW_UP = {
    "left_company": "",
    "data_exposed": "candidate_clocks",
    "took_action": "reversibility",
    "reviewer_passed_it": "human_review_procedure_or_interface",
    "more_affected": "look_back",
    "recent_change": "roll_back_and_change_log",
    "obligation": "candidate_clocks",
}
CALLS_LEGAL = {"data_exposed", "obligation"}
ALL_NO = dict.fromkeys(SEVEN, "no")
EVERY = [(question, said) for question in SEVEN for said in ("yes", "unknown", "no")]


async def assessed(case: Case, findings: dict[str, str]) -> Entry:
    """Confirm, state the impact with these answers, and return what the ledger says was learned."""
    await case.answer("triage", "confirm", Role.RESPONDER)
    await case.answer("impact", "isolated", Role.OPERATIONS, findings=findings)
    await case.until(lambda state: state.assessed)
    (learned,) = await case.entries(Kind.FACTS_LEARNED)
    return learned


def brought_in(case: Case) -> set[Role]:
    return {role for one in case.parts.people.notices if one.about == "brought_in" for role in one.roles}


@pytest.mark.parametrize(("question", "said"), EVERY)
async def test_each_answer_brings_in_whom_it_concerns_and_only_yes_teaches_facts(
    environment: WorkflowEnvironment, question: str, said: str
) -> None:
    async with opened(environment, severity="medium") as case:
        learned = await assessed(case, {**ALL_NO, question: said})
        heard = said in ("yes", "unknown")
        routes = ROUTES.get(question, set()) if heard else set()
        if routes:
            await case.told("brought_in", 1)
        assert brought_in(case) == routes
        facts = AT_LEAST.get(question, {}) if said == "yes" else {}
        assert case.parts.weigher.learned == ([facts] if facts else [])
        assert learned.facts == {
            **facts,
            "follow_ups": FOLLOW_UP[question] if heard else "",
            "open_questions": question if said == "unknown" else "",
        }
        state = await case.state()
        assert state.severity == "medium"
        assert bool(state.of(DecisionKind.LEGAL_REVIEW)) == (heard and question in CALLS_LEGAL)


async def test_questions_nobody_answered_stay_open_and_bring_in_nobody(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="medium") as case:
        learned = await assessed(case, {})
        assert learned.facts == {"follow_ups": "", "open_questions": ",".join(SEVEN)}
        assert brought_in(case) == set()
        assert (await case.state()).of(DecisionKind.LEGAL_REVIEW) == []


@pytest.mark.parametrize("question", sorted(CALLS_LEGAL))
async def test_legal_has_an_hour_from_the_answer_on_though_the_severity_is_medium(
    environment: WorkflowEnvironment, question: str
) -> None:
    async with opened(environment, severity="medium") as case:
        await case.question("triage")
        await case.skip(minutes=20)
        await assessed(case, {question: "yes"})
        request = await case.question("legal_review")
        impact = (await case.state()).decisions["impact-1"]
        assert request.deadline == request.opened_at + timedelta(hours=1)
        assert impact.closed_at is not None
        assert timedelta(0) <= request.opened_at - impact.closed_at < timedelta(seconds=5)


async def test_the_legal_clock_starts_when_the_severity_becomes_high_and_breaches_after_an_hour(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, severity="medium") as case:
        opened_at = (await case.question("triage")).opened_at
        await case.skip(minutes=20)
        await case.answer("triage", "confirm", Role.RESPONDER, findings={"severity": "high"})
        request = await case.question("legal_review")
        assert request.opened_at >= opened_at + timedelta(minutes=20)
        await case.skip(minutes=61)
        breach = await case.entries(Kind.DEADLINE_BREACHED)
        assert [one.at for one in breach if one.subject == "legal_review-1"] == [
            request.opened_at + timedelta(hours=1)
        ]


@pytest.mark.parametrize(
    ("weighed", "after"), [(Band.HIGH, "high"), (Band.CRITICAL, "critical"), (Band.LOW, "medium")]
)
async def test_the_severity_is_weighed_anew_from_what_was_learned_and_never_lowered(
    environment: WorkflowEnvironment, weighed: Band, after: str
) -> None:
    parts = Parts()
    parts.weigher.severity = weighed
    async with opened(environment, parts, severity="medium") as case:
        await assessed(case, {"left_company": "yes", "took_action": "yes", "reversibility": "irreversible"})
        state = await case.until(lambda state: state.contained)
        assert state.severity == after
        assert len(state.orders) == (1 if after == "medium" else 2)
        facts = {
            "exposure": "external_limited",
            "autonomy": "acts_with_approval",
            "reversibility": "irreversible",
        }
        assert parts.weigher.learned == [facts]
        assert [one.subject for one in parts.book.of(Kind.SEVERITY_RAISED)] == (
            [] if after == "medium" else ["impact-1"]
        )


async def test_what_was_learned_is_acted_on_once_over_a_new_run(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity="medium") as case:
        await case.until(lambda state: state.seals)
        await assessed(case, {"obligation": "unknown"})
        await carried_over(case)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await case.answer("diagnosis", "unknown", Role.ENGINEER)
        assert len(await case.entries(Kind.FACTS_LEARNED)) == 1


SILENCE: dict[str, Any] = {"hours": 5}


async def test_an_impact_stated_after_its_default_applied_is_acted_on_all_the_same(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.weigher.severity = Band.CRITICAL
    async with opened(environment, parts) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.answer("legal_review", "hold_disclosure", Role.LEGAL)
        request = await case.question("impact")
        await case.skip(**SILENCE)
        silent = await case.until(lambda state: state.decisions["impact-1"].defaulted and state.assessed)
        assert silent.findings["blast_radius"] == "unknown"
        late = request.opened_at + timedelta(hours=5)
        await case.answer(
            "impact", "segment", Role.OPERATIONS, findings={"left_company": "yes"}, received_at=late
        )
        state = await case.until(lambda state: state.severity == "critical")
        assert state.findings["blast_radius"] == "segment"
        assert brought_in(case) == ROUTES["left_company"]


async def test_a_legal_review_answered_after_its_default_applied_still_asks_about_customers(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        request = await case.question("legal_review")
        await case.skip(hours=2)
        await case.until(lambda state: state.decisions["legal_review-1"].defaulted)
        late = request.opened_at + timedelta(hours=2)
        await case.answer("legal_review", "disclosure_needed", Role.LEGAL, received_at=late)
        assert (await case.question("customer_notification")).eligible == (Role.LEGAL, Role.BUSINESS_OWNER)
