"""Months after the close: owners are reminded, proofs are taken, and it is seen whether it happened again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from andon.adapters.store.ledger import read_batch
from andon.domain.change import ChangeState
from andon.domain.custody import AccessKind
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.follow_up import SETTLE
from andon.domain.ledger import verify_chain
from andon.domain.response import Refusal
from andon.domain.severity import Band
from andon.register.links import LinkKind, Links
from tests.workflows.case import PATIENCE, STRANGER
from tests.workflows.following import LEAD, OWNER, Course, change, replayed


async def test_owner_lead_and_executive_hear_in_turn_until_the_change_is_proven(course: Course) -> None:
    course.close(change())
    async with course.working():
        handle = await course.begun()
        await course.skip(days=14)
        await course.until(lambda: "change_reminded" in course.kinds())
        assert course.posted.told() == [("change_reminded", OWNER)]
        await course.skip(days=7)
        await course.until(lambda: "change_overdue" in course.kinds())
        await course.skip(days=7)
        await course.until(lambda: "change_escalated" in course.kinds())
        assert course.posted.told()[1:] == [
            ("change_overdue", OWNER),
            ("change_overdue", LEAD),
            ("change_escalated", "executive"),
        ]
        taken = await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        assert (taken.refusal, taken.state) == (None, ChangeState.DONE)
        assert course.state() is ChangeState.DONE
        await course.skip(days=70)
        assert await asyncio.wait_for(handle.result(), PATIENCE) == 8
    assert course.kinds() == [
        "follow_up_begun",
        "change_reminded",
        "change_overdue",
        "change_escalated",
        "change_proven",
        "recurrence_measured",
        "recurrence_measured",
        "follow_up_ended",
    ]
    assert course.to_follow() == []
    await replayed(handle)


async def test_each_step_is_in_the_access_chain_and_locked_with_what_was_signed(course: Course) -> None:
    course.close(change(), change(2))
    async with course.working():
        await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        about = {"change": "change-2"}
        taken = await course.say(Declared.CHANGE_DROPPED, LEAD, Role.INCIDENT_LEAD, about=about)
        assert taken.state is ChangeState.DROPPED
        await course.handle.terminate("the test is over")
    entries = course.entries()
    assert verify_chain(entries).length == 3, course.kinds()
    for entry in entries:
        key = f"ledger/{course.incident}/access/{entry.sequence:08d}.jsonl"
        held, exhibits = read_batch(course.store.contents[key])
        assert held == [entry]
        named = [entry.digests["statement"]] if "statement" in entry.digests else []
        assert [one.digest for one in exhibits] == named
    assert [entry.facts.get("change") for entry in entries] == [None, "change-1", "change-2"]
    rows = course.changes.of(course.incident)
    assert [(row.settled_by, row.reason) for row in rows] == [(OWNER, "b" * 64), (LEAD, "b" * 64)]


async def test_whoever_may_not_settle_a_change_is_refused_and_that_is_on_record(course: Course) -> None:
    course.close(change(), severity=Band.HIGH)
    refused: list[tuple[str, Role, dict[str, Any], Refusal]] = [
        ("p-finance", Role.FINANCE, {}, Refusal.WRONG_ROLE),
        ("stranger", Role.ENGINEER, {}, Refusal.UNKNOWN_PERSON),
        (OWNER, Role.OPERATIONS, {}, Refusal.OWN_CHANGE),
        ("p-engineer", Role.ENGINEER, {"about": {"change": "change-7"}}, Refusal.ABOUT),
    ]
    async with course.working():
        handle = await course.begun()
        for person, role, fields, refusal in refused:
            taken = await course.say(Declared.CHANGE_PROVEN, person, role, **fields)
            assert taken.refusal is refusal
        unsigned = await course.say(Declared.CHANGE_PROVEN, "p-engineer", Role.ENGINEER, seed=STRANGER)
        assert unsigned.refusal is Refusal.SIGNATURE
        assert course.state() is ChangeState.OPEN
        assert (await course.say(Declared.CHANGE_PROVEN, "p-engineer", Role.ENGINEER)).refusal is None
        late = await course.say(Declared.CHANGE_PROVEN, "p-security", Role.SECURITY)
        assert late.refusal is Refusal.ALREADY_SO
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(SETTLE, {"not": "an envelope"})
        await replayed(handle)
        await handle.terminate("the test is over")
    outcomes = [entry.after for entry in course.entries() if entry.kind == AccessKind.CHANGE_REFUSED]
    assert outcomes == [
        *(one[-1].value for one in refused),
        Refusal.SIGNATURE.value,
        Refusal.ALREADY_SO.value,
    ]


@pytest.mark.long
async def test_a_flood_of_refused_proofs_is_answered_and_not_written_out(course: Course) -> None:
    course.close(change())
    async with course.working():
        handle = await course.begun()
        for _ in range(25):
            taken = await course.say(Declared.CHANGE_PROVEN, "p-finance", Role.FINANCE)
            assert taken.refusal is Refusal.WRONG_ROLE
        await handle.terminate("the test is over")
    assert course.kinds().count("change_refused") == 20


@pytest.mark.long
async def test_an_incident_like_it_is_found_linked_and_told_and_one_without_a_cause_is_counted(
    course: Course,
) -> None:
    course.close(change(state=ChangeState.DONE, fixes=True), change(2))
    same = course.again(7, 12, "prompt_design")
    late = course.again(8, 60, "prompt_design")
    course.again(9, 3, "unknown")
    async with course.working():
        handle = await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS, about={"change": "change-2"})
        await course.skip(days=91)
        await asyncio.wait_for(handle.result(), PATIENCE)
    found = {one.days: one for one, _ in course.rows.recurrences(course.incident)}
    assert [one.incident for one in found[30].again] == [same]
    assert [one.incident for one in found[90].again] == [same, late]
    assert found[30].unknown == found[90].unknown == 1
    tied = Links(course.databases.register)
    for end in (same, late):
        (link,) = tied.of(end)
        assert (link.kind, link.origin, link.why) == (
            LinkKind.RECURRENCE,
            course.incident,
            "root_cause:prompt_design",
        )
    told = [one.subject for one in course.posted.notices.values() if one.about == "recurrence"]
    assert told == ["1 within 30 days"] * 2 + ["2 within 90 days"] * 2
    measured = course.rows.looked(course.closed_at, course.closed_at + timedelta(days=100))
    assert [(one.change, one.days, one.in_spite_of_it) for one in measured] == [
        ("change-1", 30, 1),
        ("change-2", 30, 1),
        ("change-1", 90, 2),
        ("change-2", 90, 2),
    ]
