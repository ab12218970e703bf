"""Histories are run again and watched: the recorded loop as it was, and one that does not fit the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from andon.audit.moments import relive
from andon.audit.replay import history_of
from andon.domain.ledger import Kind
from andon.domain.relived import Line, line_of

CLOSED = Path(__file__).parents[1] / "replay" / "histories" / "0.1.0" / "closed.json"
SCHEDULED = "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CLOSED.read_text())
    return found


async def line(history: dict[str, Any]) -> Line:
    whole = await relive([history_of(recorded(), "closed")], "default")
    entries = [entry for one in whole.moments for entry in one.entries]
    return line_of(await relive([history_of(history, "closed")], "default"), entries)


async def test_each_moment_says_what_was_so_when_its_entries_were_written() -> None:
    found = await line(recorded())
    assert found.fits
    assert found.untold == ()
    contained = next(
        one for one in found.moments if any(entry.kind == Kind.CONTAINED for entry in one.entries)
    )
    before = found.moments[found.moments.index(contained) - 1]
    assert (before.contained, contained.contained) == (False, True)
    assert {one.state for one in before.orders.values()} == {"requested"}
    assert {one.state for one in contained.orders.values()} == {"proven"}
    assert contained.open["triage-1"].deadline is not None
    assert found.moments[-1].stage == "closed"
    assert found.moments[-1].open == {}
    assert [one.began for one in found.runs] == ["first"]


@pytest.mark.long
async def test_a_history_that_the_code_would_not_have_made_is_told_of_with_the_entry() -> None:
    history = recorded()
    begun = [
        one["activityTaskScheduledEventAttributes"]
        for one in history["events"]
        if one["eventType"] == SCHEDULED
    ]
    batches = [one["activityType"] for one in begun if one["activityType"]["name"] == "ledger.append"]
    batches[len(batches) // 2]["name"] = "ledger.other"
    found = await line(history)
    assert not found.fits
    assert "ondeterminism" in str(found.runs[0].problem)
    assert found.departs_at is not None
    assert found.departs_at > found.moments[0].entries[-1].sequence


async def test_what_comes_after_the_close_goes_on_the_same_line() -> None:
    followed = json.loads(CLOSED.with_name("followed-up.json").read_text())
    relived = await relive([history_of(recorded(), "closed"), history_of(followed, "followed-up")], "default")
    found = line_of(relived, [entry for one in relived.moments for entry in one.entries])
    assert found.fits
    after = [one for one in found.moments if one.step is not None]
    assert [one.name for one in after] == [f"after-{number}" for number in range(1, len(after) + 1)]
    assert [one.step.what for one in after if one.step][:1] == ["follow_up_begun"]
    assert after[0].changes == {"change-1": "open", "change-2": "open"}
    assert after[-1].changes == {"change-1": "done", "change-2": "dropped"}
    assert after[-1].stage == "closed"
    assert after[-1].knew["p-operations"][-1] == "said change_proven of change-1"
    assert [one.began for one in found.runs] == ["first", "follow_up"]
