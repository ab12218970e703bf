"""The supervisor with small programs: restarts, order, ends."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, read_json
from infra.embedded.leftovers import start_time
from infra.embedded.part import Layer, Part, Readiness, Say
from infra.embedded.progress import State
from infra.embedded.supervisor import supervise
from tests.embedded.conftest import RecordingDisplay

WITHIN = 15.0


def written(path: Path) -> Readiness:
    async def ready(say: Say) -> None:
        say(path.name)
        while not path.exists():
            await asyncio.sleep(0.01)

    return ready


def shell(
    folder: DataFolder,
    name: str,
    script: str,
    *,
    layer: Layer = Layer.SERVERS,
    needs: Sequence[str] = (),
    once: bool = False,
) -> Part:
    """Return a part that writes its name as a file when it is ready."""
    mark = folder.run / name
    return Part(
        name=name,
        argv=("/bin/sh", "-c", script if once else f": > {mark}; {script}"),
        environment={"PATH": "/usr/bin:/bin"},
        folder=folder.root,
        layer=layer,
        ready=None if once else written(mark),
        needs=frozenset(needs),
        before_start=(mark,),
        stop_within=1.0,
    )


class Stack:
    """A supervised set of small programs."""

    def __init__(self, folder: DataFolder, display: RecordingDisplay, parts: Sequence[Part]) -> None:
        self.folder = folder
        self.ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(
            supervise(parts, folder, display, stop=self._stop, on_ready=self.ready.set)
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not condition():
                assert not self._running.done(), self._running
                await asyncio.sleep(0.01)

    async def until_ready(self) -> None:
        await self.until(self.ready.is_set)

    def pid(self, name: str) -> int | None:
        part = read_json(self.folder.started_parts)["parts"].get(name)
        return None if part is None else part["pid"]

    async def ended(self) -> None:
        self._stop.set()
        await self.failed()

    async def failed(self) -> None:
        await asyncio.wait_for(self._running, WITHIN)


async def test_a_part_starts_after_what_it_needs_and_stops_before_it(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    parts = [
        shell(folder, "worker", "exec sleep 60", layer=Layer.WORKERS, needs=["database", "server"]),
        shell(folder, "server", "exec sleep 60", needs=["database"]),
        shell(folder, "database", "exec sleep 60", layer=Layer.STORES),
    ]
    stack = Stack(folder, display, parts)
    await stack.until_ready()
    await stack.ended()
    ready = [name for name, state in display.parts if state is State.READY]
    stopped = [name for name, state in display.parts if state is State.STOPPED]
    assert ready == ["database", "server", "worker"]
    assert stopped == ["worker", "server", "database"]


async def test_a_part_that_dies_is_started_again(folder: DataFolder, display: RecordingDisplay) -> None:
    stack = Stack(folder, display, [shell(folder, "server", "exec sleep 60")])
    await stack.until_ready()
    first = stack.pid("server")
    kill(first)
    await stack.until(lambda: stack.pid("server") not in {None, first})
    await stack.until(lambda: display.parts.count(("server", State.READY)) == 2)
    assert "server was ended by signal 9; starting it again" in display.warnings
    await stack.ended()


async def test_what_a_dead_part_had_started_ends_with_it(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    child_file = folder.run / "child.pid"
    script = f"sleep 60 & echo $! > {child_file}; wait"
    stack = Stack(folder, display, [shell(folder, "worker", script, layer=Layer.WORKERS)])
    await stack.until_ready()
    await stack.until(lambda: child_file.exists() and child_file.read_text().strip() != "")
    child = int(child_file.read_text())
    kill(stack.pid("worker"))
    await stack.until(lambda: start_time(child) is None)
    await stack.ended()


async def test_a_part_deaf_to_sigterm_is_killed_in_bounded_time(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    script = "trap '' TERM; while :; do sleep 0.05; done"
    stack = Stack(folder, display, [shell(folder, "deaf", script)])
    await stack.until_ready()
    await stack.ended()
    assert "deaf did not stop in time and is killed" in display.warnings


async def test_a_failed_step_ends_the_start_and_shows_its_log(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    parts = [
        shell(folder, "migrate", "echo no such table; exit 7", once=True),
        shell(folder, "server", "exec sleep 60", needs=["migrate"]),
        shell(folder, "store", "exec sleep 60", layer=Layer.STORES),
    ]
    stack = Stack(folder, display, parts)
    with pytest.raises(
        StackError, match=r"migrate can't be started \(ended with code 7\)[\s\S]*no such table"
    ):
        await stack.failed()
    assert read_json(folder.started_parts)["parts"] == {}


async def test_a_part_that_never_comes_up_ends_the_start(
    folder: DataFolder, display: RecordingDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.embedded.life.LONGEST_PAUSE", 0.1)
    never = shell(folder, "server", "echo port taken; exit 1", once=True)
    parts = [Part(**{**vars(never), "ready": written(folder.run / "never")})]
    stack = Stack(folder, display, parts)
    with pytest.raises(StackError, match=r"server can't be started[\s\S]*port taken"):
        await stack.failed()


async def test_a_part_that_hangs_before_it_is_ready_is_started_again(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    mark = folder.run / "second"
    script = f"if [ -e {folder.run}/first ]; then : > {mark}; else : > {folder.run}/first; fi; exec sleep 60"
    part = shell(folder, "server", script, once=True)
    stack = Stack(folder, display, [Part(**{**vars(part), "ready": written(mark), "ready_within": 0.5})])
    await stack.until_ready()
    assert "server was not ready within 0 s; starting it again" in display.warnings
    await stack.ended()


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def test_a_part_that_stands_back_leaves_the_processors_to_the_others(
    folder: DataFolder, display: RecordingDisplay
) -> None:
    told = {name: folder.run / f"{name}-niceness" for name in ("calm", "urgent")}
    parts = [
        dataclasses.replace(
            shell(folder, name, f"nice > {place}; cat /proc/self/autogroup >> {place}; exec sleep 60"),
            niceness=5 if name == "calm" else 0,
        )
        for name, place in told.items()
    ]
    stack = Stack(folder, display, parts)
    await stack.until(lambda: all(one.exists() and "\n" in one.read_text() for one in told.values()))
    assert told["calm"].read_text().split()[0] == "5"
    assert told["urgent"].read_text().split()[0] == "0"
    if Path("/proc/self/autogroup").exists():
        await stack.until(lambda: all("nice " in one.read_text() for one in told.values()))
        assert "nice 5" in told["calm"].read_text()
        assert "nice 0" in told["urgent"].read_text()
    await stack.ended()
