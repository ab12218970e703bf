"""What a part has started ends when the part or the supervisor is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.embedded.leftovers import start_time
from tests.embedded.running import RunningStores, eventually


@contextmanager
def small_stack(folder: Path, mark: str) -> Iterator[tuple[RunningStores, int]]:
    stack = RunningStores(folder, "run_small", mark)
    try:
        stack.start()
        yield stack, int((stack.data / "run" / "child.pid").read_text())
    finally:
        stack.close()


@pytest.mark.parametrize("mark", ["marked", "unmarked"])
def test_a_child_with_a_session_of_its_own_ends_with_its_part(tmp_path: Path, mark: str) -> None:
    with small_stack(tmp_path, mark) as (stack, child):
        stack.kill_part("parent")
        eventually(lambda: start_time(child) is None, 2, "the child has ended")


def test_a_marked_child_ends_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with small_stack(tmp_path, "marked") as (stack, child):
        assert stack.process is not None
        os.kill(stack.process.pid, signal.SIGKILL)
        eventually(lambda: start_time(child) is None, 2, "the child has ended")
        stack.process.wait(5)


def test_a_stop_leaves_no_child_behind(tmp_path: Path) -> None:
    with small_stack(tmp_path, "unmarked") as (stack, child):
        assert stack.stop() == 0
        assert start_time(child) is None


def test_programs_read_one_json_object_per_event(tmp_path: Path) -> None:
    with small_stack(tmp_path, "marked") as (stack, _):
        stack.stop()
        events = [json.loads(line) for line in stack.output.read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] == "ready"] == ["ready"]
    states = [event["state"] for event in events if event["event"] == "part"]
    assert states[0] == "starting"
    assert states[-1] == "stopped"
