"""Facts that people state raise the severity and never lower it; corrected times stand beside the first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.severity import Band
from tests.workflows.case import Parts, opened

D = Declared
SAID = {"data_exposed": "external", "affected_count": "12"}


async def test_a_fact_that_makes_it_graver_raises_the_severity_and_orders_what_that_calls_for(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.weigher.severity = Band.CRITICAL
    async with opened(environment, parts) as case:
        await case.question("triage")
        assert (await case.declare(D.FACTS, Role.PRIVACY, about=SAID)).refusal is None
        view = await case.state()
        assert (view.severity, view.facts) == (Band.CRITICAL, SAID)
        facts = await case.entries(Kind.FACT_STATED, 2)
        assert {(one.subject, one.before, one.after) for one in facts} == {
            (fact, "unknown", value) for fact, value in SAID.items()
        }
        assert {one.actor for one in facts} == {"person:p-privacy"}
        assert {one.reason for one in facts} != {None}
        [raised] = await case.entries(Kind.SEVERITY_RAISED)
        assert (raised.subject, raised.after) == ("facts:p-privacy", "critical")


async def test_facts_that_make_it_milder_are_on_record_and_lower_nothing(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.weigher.severity = Band.LOW
    async with opened(environment, parts) as case:
        await case.question("triage")
        before = (await case.state()).severity
        assert (await case.declare(D.FACTS, Role.SECURITY, about={"data_exposed": "no"})).refusal is None
        state = await case.state()
        assert state.severity is before
        assert state.weighed is not None
        assert state.weighed.provisional is False
        assert case.parts.book.of(Kind.SEVERITY_RAISED) == []
        assert case.parts.book.of(Kind.SEVERITY_LOWERED) == []


async def test_facts_without_a_fact_or_by_a_role_that_may_not_are_refused(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        assert (await case.declare(D.FACTS, Role.SECURITY, about={})).refusal is Refusal.ABOUT
        assert (await case.declare(D.FACTS, Role.COMMUNICATIONS, about=SAID)).refusal is Refusal.WRONG_ROLE
        assert case.parts.book.of(Kind.FACT_STATED) == []


async def test_a_corrected_time_keeps_what_was_said_first_and_who_set_it_right(
    environment: WorkflowEnvironment,
) -> None:
    first, then = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    async with opened(environment) as case:
        await case.question("triage")
        for at in (first, then):
            about = {"which": "occurred", "at": at.isoformat()}
            assert (await case.declare(D.TIMES, Role.LEGAL, about=about)).refusal is None
        state = await case.state()
        assert [(one.before, one.after) for one in state.corrections] == [(None, first), (first, then)]
        assert state.corrections[0].person == "p-legal"
        entries = await case.entries(Kind.TIME_CORRECTED)
        assert [(one.subject, one.before, one.after) for one in entries] == [
            ("occurred", "", first.isoformat()),
            ("occurred", first.isoformat(), then.isoformat()),
        ]


@pytest.mark.parametrize(
    "about",
    [
        {"which": "occurred", "at": "2026-03-29T02:30:00"},
        {"which": "occurred", "at": "yesterday"},
        {"which": "occurred", "at": (datetime.now(UTC) + timedelta(days=400)).isoformat()},
        {"which": "ended", "at": "2026-03-01T10:00:00+00:00"},
        {"which": "occurred"},
    ],
)
async def test_a_time_that_can_not_be_is_refused_on_record(
    environment: WorkflowEnvironment, about: dict[str, str]
) -> None:
    async with opened(environment) as case:
        await case.question("triage")
        assert (await case.declare(D.TIMES, Role.LEGAL, about=about)).refusal is Refusal.ABOUT
        assert len(await case.entries(Kind.DECLARATION_REFUSED)) == 1
        assert (await case.state()).corrections == []
