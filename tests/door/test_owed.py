"""A door that is killed before it has told a workflow what it must hear leaves that to the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from andon.domain.incident import Duplicates
from andon.door import joined
from andon.register.untold import Untold
from tests.api.server import free_socket
from tests.door.conftest import Door, TemporalServer, make_settings, opened
from tests.door.test_detections import until
from tests.door.test_quality_issues import ONE_RECORD

GRAVER = {**ONE_RECORD, "safety": "serious"}


async def never(_: str) -> bool:
    """Tell nobody, as a door that has just been killed."""
    return True


def owed(door: Door) -> list[str]:
    at = datetime.now(UTC) + timedelta(days=1)
    return [one.receipt for one in Untold(door.databases.register).left_behind(at, at)]


async def test_the_next_door_tells_that_an_incident_is_graver(
    tmp_path: Path, temporal: TemporalServer, worker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = free_socket()
    settings = make_settings(tmp_path, temporal.address, listening.getsockname()[1])
    async with opened(settings, listening) as killed:
        incident = (await killed.detect(dedupe_key="k", facts=ONE_RECORD)).json()["incident"]
        monkeypatch.setattr(killed.app.state.intake.joined, "tell_one", never)
        receipt = (await killed.detect(dedupe_key="k", facts=GRAVER)).json()["receipt"]
    handle = worker.get_workflow_handle(f"incident/{incident}")
    assert await handle.query("told", result_type=list[Duplicates]) == []
    monkeypatch.setattr(joined, "LEFT_BEHIND", timedelta())
    monkeypatch.setattr(joined, "TELL_EVERY_SECONDS", 0.05)
    async with opened(settings, free_socket()) as following:

        async def told() -> bool:
            return bool(await handle.query("told", result_type=list[Duplicates]))

        async def struck_out() -> bool:
            return not following.app.state.intake.joined.untold[0] and not owed(following)

        await until(told)
        await until(struck_out)
    (once,) = await handle.query("told", result_type=list[Duplicates])
    assert (once.count, once.graver, once.detections) == (1, True, (receipt,))


async def test_what_has_been_told_is_owed_no_more(door: Door) -> None:
    await door.detect(dedupe_key="k", facts=ONE_RECORD)
    await door.detect(dedupe_key="k", facts=GRAVER)
    assert owed(door) == []


async def test_a_repeat_that_says_nothing_new_is_counted_and_not_owed(lonely: Door) -> None:
    await lonely.detect(dedupe_key="k", facts=ONE_RECORD)
    await lonely.detect(dedupe_key="k", facts=ONE_RECORD)
    assert owed(lonely) == []


async def test_while_temporal_is_away_it_stays_owed(lonely: Door) -> None:
    await lonely.detect(dedupe_key="k", facts=ONE_RECORD)
    receipt = (await lonely.detect(dedupe_key="k", facts=GRAVER)).json()["receipt"]
    assert owed(lonely) == [receipt]
