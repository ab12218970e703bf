"""A follow-up that was ended, whose worker died or whose register was lost goes on where it was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from andon.adapters.store.follow_up import LockedFollowUps
from andon.domain.change import ChangeState
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.response import Refusal
from andon.register.change_tables import changes, follow_up_steps, follow_ups, recurrences
from andon.register.engine import writing
from andon.register.links import Links
from andon.register.quality_tables import links
from andon.register.tables import incidents
from tests.workflows.following import OWNER, Course, change
from workers.follow_up import begin


@pytest.mark.long
async def test_a_follow_up_that_somebody_ended_goes_on_where_it_was(course: Course) -> None:
    course.close(change(), change(2, days=60))
    async with course.working():
        await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        await course.handle.terminate("somebody's doing")
        (following,) = course.to_follow()
        assert following.done == ("begun", "change-1/done")
        with course.environment.with_time_skipping_disabled():
            await begin(course.environment.client, following, course.queue)
        again = await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        assert again.refusal is Refusal.ALREADY_SO
        # Nobody ends it by asking nicely.
        await course.handle.cancel()
        await course.handle.signal("stop")
        await course.skip(days=54)
        await course.until(lambda: "change_reminded" in course.kinds())
        await course.handle.terminate("the test is over")
    assert course.kinds().count("follow_up_begun") == 1
    assert [one for one in course.posted.told() if one[0] == "change_reminded"] == [
        ("change_reminded", OWNER)
    ]


@pytest.mark.long
async def test_a_worker_that_dies_between_writing_and_saying_so_writes_nothing_twice(course: Course) -> None:
    course.close(change())
    lost = asyncio.Event()

    async def once(step: Any) -> None:
        await LockedFollowUps.record(course.place, step)
        if not lost.is_set():
            lost.set()
            raise ConnectionError("the worker died before it could say that it was done")

    course.place.record = once  # type: ignore[method-assign]
    async with course.working():
        await course.begun()
        await course.skip(days=14)
        await course.until(lambda: "change_reminded" in course.kinds())
        await course.handle.terminate("the test is over")
    assert lost.is_set()
    assert course.kinds() == ["follow_up_begun", "change_reminded"]


@pytest.mark.long
async def test_a_lost_register_is_had_again_from_the_chain(course: Course) -> None:
    promised = change(), change(2)
    course.close(*promised)
    same = course.again(7, 12, "prompt_design")
    async with course.working():
        handle = await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        await course.skip(days=31)
        await course.until(lambda: "recurrence_measured" in course.kinds())
        await handle.terminate("the test is over")
    before = course.changes.of(course.incident), course.rows.recurrences(course.incident)
    (following,) = course.to_follow()
    with writing(course.databases.register) as connection:
        for table in (changes, follow_up_steps, follow_ups, recurrences, incidents, links):
            connection.execute(table.delete())
    course.close(*promised)
    assert course.state() is ChangeState.OPEN
    course.rows.rebuild(course.incident)
    assert before == (course.changes.of(course.incident), course.rows.recurrences(course.incident))
    assert course.to_follow() == [following]
    assert [link.target for link in Links(course.databases.register).of(course.incident)] == [same]
