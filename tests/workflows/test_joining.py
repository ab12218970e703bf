"""What joins an open incident may be graver: then it is weighed anew, raised and contained, never lowered."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.domain.containment import Verb
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.playbook import ContainmentStep, Plan
from andon.domain.quarantine import quarantining
from andon.domain.severity import Band
from andon.domain.system import LeverEntry
from tests.workflows.case import Case, Parts, opened, trusted
from tests.workflows.policy import PLAYBOOK, SYSTEM, plan_for


def joined(at: datetime, **changes: Any) -> dict[str, object]:
    return {"count": 2, "last_received_at": at.isoformat(), **changes}


async def test_a_graver_detection_raises_the_severity_and_orders_what_that_needs(
    environment: WorkflowEnvironment,
) -> None:
    parts = Parts()
    parts.weigher.severity = Band.CRITICAL
    async with opened(environment, parts, severity=Band.MEDIUM) as case:
        await case.signal("duplicates_joined", joined(case.opening.opened_at, graver=True))
        state = await case.until(lambda state: state.severity is Band.CRITICAL)
        (raised,) = await case.entries(Kind.SEVERITY_RAISED)
        assert (raised.subject, raised.before, raised.after) == ("joined", "medium", "critical")
        assert state.joined == 2
        assert parts.weigher.insisted == [True]
        assert not state.graver


async def test_a_repeat_is_counted_and_not_weighed(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity=Band.MEDIUM) as case:
        await case.signal("duplicates_joined", joined(case.opening.opened_at))
        await case.until(lambda state: state.joined == 2)
        assert case.parts.weigher.learned == []


async def test_nothing_that_joins_lowers_it(environment: WorkflowEnvironment) -> None:
    async with opened(environment, severity=Band.CRITICAL) as case:
        await case.signal("duplicates_joined", joined(case.opening.opened_at, graver=True))
        await weighed(case)
        assert (await case.state()).severity is Band.CRITICAL
        assert not case.parts.book.of(Kind.SEVERITY_RAISED)


async def test_what_senders_insist_on_no_longer_counts_once_people_have_triaged(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment) as case:
        await case.answer("triage", "confirm", Role.RESPONDER)
        await case.signal("duplicates_joined", joined(case.opening.opened_at, graver=True))
        await weighed(case)
        assert case.parts.weigher.insisted == [False]


def quarantining_plan() -> Plan:
    """A plan that quarantines sessions, of which the first detection named none."""
    levers = (*SYSTEM.levers, LeverEntry(verb=Verb.QUARANTINE_SESSION))
    step = ContainmentStep(verb=Verb.QUARANTINE_SESSION, at=tuple(Band))
    playbook = PLAYBOOK.model_copy(update={"containment": (*PLAYBOOK.containment, step)})
    plan = plan_for(trusted(), system=SYSTEM.model_copy(update={"levers": levers}), playbook=playbook)
    return quarantining(plan, [])


async def test_sessions_that_a_later_detection_names_are_quarantined_once(
    environment: WorkflowEnvironment,
) -> None:
    async with opened(environment, plan=quarantining_plan()) as case:
        await case.until(lambda state: state.contained_at is not None)
        before = len((await case.state()).orders)
        for sessions in (["a"], ["a", "b"]):
            await case.signal("duplicates_joined", joined(case.opening.opened_at, sessions=sessions))
        state = await case.until(lambda state: len(state.orders) == before + 2 and state.contained)
        fresh = [one.order.lever for one in state.orders.values()][before:]
        assert [(one.verb, one.target) for one in fresh] == [
            (Verb.QUARANTINE_SESSION, "a"),
            (Verb.QUARANTINE_SESSION, "b"),
        ]
        assert case.parts.weigher.learned == [], "what names a session is not graver by itself"


async def weighed(case: Case) -> None:
    async with asyncio.timeout(20):
        while not case.parts.weigher.insisted:
            await asyncio.sleep(0.02)
    await case.until(lambda state: not state.graver)


async def test_the_ledger_begins_with_where_the_incident_comes_from(environment: WorkflowEnvironment) -> None:
    async with opened(environment, promoted_from="QI-20261121-abc123") as case:
        (entry,) = await case.entries(Kind.INCIDENT_OPENED)
        assert entry.facts["promoted_from"] == "QI-20261121-abc123"
    async with opened(environment, split_from="INC-20261121-abc123") as case:
        (entry,) = await case.entries(Kind.INCIDENT_OPENED)
        assert entry.facts["split_from"] == "INC-20261121-abc123"
