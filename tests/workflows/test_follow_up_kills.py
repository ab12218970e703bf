"""kill -9 of the worker at every point of a step of a follow-up: nothing lost, nothing written twice."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.adapters.store.ledger import read_batch
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.ledger import verify_chain
from andon.register.engine import open_databases
from andon.register.migrate import migrate
from tests.workflows.follow_up_worker import KILLS, databases_in
from tests.workflows.following import OWNER, Course, change
from workers.follow_up import begin

pytestmark = [pytest.mark.long, pytest.mark.timeout(280)]
WITHIN = 240.0
STEPS = ("begun", "change-1/change_reminded", "change-1/done", "recurrence/30", "recurrence/90", "ended")


@pytest.fixture
def course(environment: WorkflowEnvironment, tmp_path: Path) -> Iterator[Course]:
    migrate(databases_in(tmp_path))
    databases = open_databases(databases_in(tmp_path))
    yield Course(environment, databases, f"INC-20260302-{secrets.token_hex(3)}")
    databases.close()


@asynccontextmanager
async def mortal(course: Course, folder: Path) -> AsyncIterator[None]:
    """Serve with a worker that is begun again whenever it was killed."""
    address = course.environment.client.service_client.config.target_host
    command = [sys.executable, "-m", "tests.workflows.follow_up_worker", address, course.queue, str(folder)]
    ending = asyncio.Event()

    async def again() -> None:
        while not ending.is_set():
            with (folder / "worker.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
            over = asyncio.create_task(ending.wait())
            died = asyncio.create_task(process.wait())
            await asyncio.wait((over, died), return_when=asyncio.FIRST_COMPLETED)
            if process.returncode is None:
                process.kill()
            await died
            over.cancel()

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        ending.set()
        await task


async def test_a_worker_killed_at_every_point_of_a_step_leaves_each_step_done_once(
    course: Course, tmp_path: Path
) -> None:
    course.close(change(days=14))
    (following,) = course.to_follow()
    async with mortal(course, tmp_path), asyncio.timeout(WITHIN):
        with course.environment.with_time_skipping_disabled():
            await begin(course.environment.client, following, course.queue)
        await until(course, "follow_up_begun")
        await course.environment.fast_forward(course.handle, timedelta(days=8))
        await until(course, "change_reminded")
        # The update waits out whatever dies on the way.
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS, within=WITHIN)
        await course.environment.fast_forward(course.handle, timedelta(days=90))
        await course.handle.result()
    entries = course.entries()
    assert [entry.facts["step"] for entry in entries] == list(STEPS)
    assert verify_chain(entries).length == len(STEPS)
    for entry in entries:
        held, exhibits = read_batch(
            (tmp_path / f"ledger_{course.incident}_access_{entry.sequence:08d}.jsonl").read_bytes()
        )
        assert (held, len(exhibits)) == ([entry], int("statement" in entry.digests))
    killed = {path.name for path in tmp_path.glob("killed-*")}
    assert killed == {f"killed-{point}-{step.replace('/', '_')}" for point, step in KILLS}
    # At least once each, with the same message id; whoever sends them drops the second.
    posted = (tmp_path / "posted.txt").read_text().splitlines()
    assert set(posted) == {f"{course.incident}/change_reminded/change-1/{OWNER}"}
    print(f"killed {len(killed)} times in {len(STEPS)} steps: lost 0, twice 0")


async def until(course: Course, kind: str) -> None:
    """Wait for a step; the test's own deadline bounds it."""
    while kind not in await asyncio.to_thread(course.kinds):
        await asyncio.sleep(0.05)
