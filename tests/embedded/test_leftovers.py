"""What an earlier run left behind is ended, and nothing else is."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from infra.embedded.folder import DataFolder, write_private_json
from infra.embedded.leftovers import MARK_VARIABLE, boot, reap, start_time

MARK = secrets.token_hex(8)
"""Of this test process: another one may look for leftovers at the same time."""


@contextmanager
def sleeping(*, marked: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": "/usr/bin:/bin", **({MARK_VARIABLE: MARK} if marked else {})}
    with subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def record(folder: DataFolder, pid: int, *, later: int = 0, on_boot: str | None = None) -> None:
    started = start_time(pid)
    assert started is not None
    part = {"pid": pid, "started": started + later}
    whole = {"boot": on_boot or boot(), "mark": MARK, "supervisor": 1, "parts": {"weed": part}}
    write_private_json(folder.started_parts, whole)


def test_a_recorded_part_that_still_runs_is_ended(folder: DataFolder) -> None:
    with sleeping() as process:
        record(folder, process.pid)
        assert reap(folder) == [f"weed (pid {process.pid})"]
        assert process.wait(5) == -9


def test_a_stranger_with_a_reused_pid_is_let_alone(folder: DataFolder) -> None:
    with sleeping() as process:
        record(folder, process.pid, later=1)
        assert reap(folder) == []
        assert process.poll() is None


def test_a_record_from_before_a_reboot_ends_nothing(folder: DataFolder) -> None:
    with sleeping(marked=True) as process:
        record(folder, process.pid, on_boot="another boot")
        assert reap(folder) == []
        assert process.poll() is None


def test_what_a_part_had_started_is_found_by_its_mark(folder: DataFolder) -> None:
    with sleeping(marked=True) as child:
        record(folder, os.getpid(), later=1)
        assert reap(folder) == [f"a child process (pid {child.pid})"]
        assert child.wait(5) == -9


def test_a_folder_that_never_ran_has_no_leftovers(folder: DataFolder) -> None:
    assert reap(folder) == []
