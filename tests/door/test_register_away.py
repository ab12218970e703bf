"""Without the register nothing that was acknowledged is lost, and levers are held all the same."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.domain.directory import Role
from tests.api.server import bearer, free_socket
from tests.door.conftest import Door, make_settings, opened
from tests.door.test_detections import HARM, HARMLESS, until

PAUSED = "refund_desk.allowed"
GRAVE = {**HARM, "safety": "serious"}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep the register's writer to oneself, as a stuck process would."""
    other = sqlite3.connect(folder / "register.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def full_disk() -> Iterator[None]:
    """Have every write to a file of this process fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def back(door: Door) -> None:
    """Wait until the door has put everything where it belongs."""
    outage = door.app.state.intake.outage

    async def drained() -> bool:
        return not outage.away

    await until(drained, 40)


async def paused(door: Door) -> bool:
    return (await door.flag(PAUSED)).json()["value"] is False


async def test_a_detection_is_kept_and_its_levers_are_held_while_the_register_is_locked(
    lonely: Door,
) -> None:
    with locked(lonely.settings.data_dir):
        answer = await lonely.detect(dedupe_key="k", facts=GRAVE)
        told = answer.json()
        assert (answer.status_code, told["outcome"], told["contained"]) == (202, "spooled", False)
        assert {one["state"] for one in told["orders"]} == {"applied"}
        assert await paused(lonely)
        began = time.monotonic()
        again = (await lonely.detect(dedupe_key="k", facts=HARM)).json()
        noted = (await lonely.detect(facts=HARMLESS)).json()
        assert time.monotonic() - began < 3
        assert (again["outcome"], again["incident"]) == ("spooled", told["incident"])
        assert (noted["outcome"], noted["incident"]) == ("spooled", None)
        at = datetime.now(UTC)
        assert lonely.incidents.list() == []
    await back(lonely)
    (row,) = lonely.incidents.list()
    assert row.incident == told["incident"]
    assert row.opened_at < at
    assert [one.id for one in lonely.detections.of(row.incident)] == [told["receipt"], again["receipt"]]
    issue = lonely.detections.get(noted["receipt"])
    assert issue is not None
    assert (issue.outcome, issue.received_at < at) == ("quality_issue", True)
    assert row.title is not None
    later = (await lonely.detect(dedupe_key="k", facts=HARM)).json()
    assert (later["outcome"], later["incident"]) == ("joined", told["incident"])
    keys = [effect.key for effect in lonely.switches.effects()]
    assert len(keys) == len(set(keys))


async def test_stop_works_while_the_register_is_locked(lonely: Door) -> None:
    with locked(lonely.settings.data_dir):
        answer = await lonely.stop()
        told = answer.json()
        assert (answer.status_code, told["outcome"]) == (202, "spooled")
        assert told["orders"][0] == {"lever": PAUSED, "verb": "pause_system", "state": "applied"}
        assert await paused(lonely)
        again = (await lonely.stop()).json()
        assert again["incident"] == told["incident"]
    await back(lonely)
    (row,) = lonely.incidents.list()
    assert row.incident == told["incident"]
    assert len(lonely.detections.of(row.incident)) == 2


@pytest.mark.long
async def test_many_at_once_wait_for_a_locked_register_once_and_not_one_after_the_other(
    lonely: Door,
) -> None:
    with locked(lonely.settings.data_dir):
        began = time.monotonic()
        answers = await asyncio.gather(*(lonely.detect(dedupe_key=str(one), facts=HARM) for one in range(40)))
        took = time.monotonic() - began
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["outcome"] for answer in answers} == {"spooled"}
    assert took < 25
    await back(lonely)
    receipts = {answer.json()["receipt"] for answer in answers}
    found = {one.id for row in lonely.incidents.list() for one in lonely.detections.of(row.incident)}
    assert found == receipts


async def test_what_is_kept_outlives_the_door_and_is_put_in_once(tmp_path: Path, nowhere: str) -> None:
    listening = free_socket()
    settings = make_settings(tmp_path, nowhere, listening.getsockname()[1])
    with locked_later(tmp_path) as lock:
        async with opened(settings, listening) as door:
            standing = (await door.detect(dedupe_key="open", facts=HARM)).json()
            lock()
            told = [(await door.detect(dedupe_key=str(one % 3), facts=HARM)).json() for one in range(9)]
            joined = (await door.detect(dedupe_key="open", facts=HARM)).json()
            assert {one["outcome"] for one in (*told, joined)} == {"spooled"}
        shutil.copytree(tmp_path / "spool", tmp_path / "as_it_was")
    for again in range(2):
        listening = free_socket()
        async with opened(settings, listening) as door:
            await back(door)
            rows = door.incidents.list()
            found = [one.id for row in rows for one in door.detections.of(row.incident)]
            assert len(found) == len(set(found)) == 11
            assert joined["receipt"] in {one.id for one in door.detections.of(standing["incident"])}
        if not again:
            # As if the door had been killed after each was put in, and before it was crossed out.
            shutil.rmtree(tmp_path / "spool")
            shutil.copytree(tmp_path / "as_it_was", tmp_path / "spool")


@contextmanager
def locked_later(folder: Path) -> Iterator[Callable[[], None]]:
    """Give a function that takes the register's writer until the end of the block."""
    held: list[sqlite3.Connection] = []

    def lock() -> None:
        held.append(sqlite3.connect(folder / "register.db", isolation_level=None))
        held[0].execute("BEGIN IMMEDIATE")

    try:
        yield lock
    finally:
        for one in held:
            one.execute("ROLLBACK")
            one.close()


async def test_an_incident_that_was_open_before_takes_its_own_and_what_was_held_stays_held(
    lonely: Door,
) -> None:
    lonely.app.state.intake.outage.away = False
    before = (await lonely.detect(dedupe_key="k", facts=HARM, channel="user_report")).json()
    with locked(lonely.settings.data_dir):
        told = (await lonely.detect(Role.RESPONDER, dedupe_key="k", facts=GRAVE)).json()
        assert told["outcome"] == "spooled"
        assert await paused(lonely)
    await back(lonely)
    rows = {row.incident: row for row in lonely.incidents.list()}
    assert told["incident"] in rows
    assert before["incident"] in rows
    assert [one.id for one in lonely.detections.of(told["incident"])] == [told["receipt"]]


async def test_with_no_room_at_all_nothing_is_acknowledged(lonely: Door) -> None:
    with full_disk():
        answer = await lonely.detect(facts=HARM)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Nothing was kept" in answer.json()["detail"]
    await back(lonely)
    again = await lonely.detect(facts=HARM)
    assert again.status_code == 202
    assert len(lonely.incidents.list()) == 1


async def test_flags_are_served_while_the_register_is_locked(lonely: Door) -> None:
    with locked(lonely.settings.data_dir):
        began = datetime.now(UTC)
        assert (await lonely.flag(PAUSED)).status_code == 200
        assert datetime.now(UTC) - began < timedelta(seconds=2)


async def test_whoever_was_known_a_moment_ago_is_known_while_the_register_is_broken(
    tmp_path: Path, nowhere: str
) -> None:
    listening = free_socket()
    settings = make_settings(tmp_path, nowhere, listening.getsockname()[1])
    async with opened(settings, listening) as door:
        assert (await door.flag("refund_desk.allowed")).status_code == 200
        with door.databases.register.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE access_tokens RENAME TO elsewhere")
            connection.exec_driver_sql("ALTER TABLE directory_versions RENAME TO elsewhere_too")
        assert (await door.flag("refund_desk.allowed")).status_code == 200
        path, headers = "/ofrep/v1/evaluate/flags/refund_desk.allowed", bearer(Role.AUDITOR)
        stranger = await door.http.post(path, json={"context": {}}, headers=headers)
        assert (stranger.status_code, stranger.headers["retry-after"]) == (503, "5")
