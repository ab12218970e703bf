"""Find and end what an earlier run of the same data folder left behind.

A part is known by pid, start time and boot, so a stranger that was given the same pid is
let alone. What a part started in turn is known by a random mark in its environment.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, read_json, write_private_json

MARK_VARIABLE = "ANDON_STACK_MARK"
GONE_WITHIN = 5.0
ROUNDS = 10
"""A process may start another one while the list is read; ten rounds without an end is a fault."""


def boot() -> str:
    """Return the identity of this boot: start times count from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_time(pid: int) -> int | None:
    """Return when `pid` started, in clock ticks since boot, or None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc_pid_stat(5): the name is in parentheses and may hold any character; starttime is field 22.
    after_name = stat.rpartition(")")[2].split()
    return None if after_name[0] in {"Z", "X"} else int(after_name[19])


@dataclass
class StartedParts:
    """The record of what this run started, kept in the data folder as it changes."""

    folder: DataFolder
    mark: str
    parts: dict[str, tuple[int, int]]

    @classmethod
    def fresh(cls, folder: DataFolder) -> StartedParts:
        """Begin an empty record with a mark of its own."""
        record = cls(folder, secrets.token_hex(16), {})
        record._write()
        return record

    def add(self, name: str, pid: int) -> None:
        """Remember that `name` runs as `pid`."""
        started = start_time(pid)
        if started is not None:
            self.parts[name] = (pid, started)
            self._write()

    def remove(self, name: str) -> None:
        """Forget `name`."""
        if self.parts.pop(name, None) is not None:
            self._write()

    def _write(self) -> None:
        parts = {name: {"pid": pid, "started": started} for name, (pid, started) in self.parts.items()}
        record = {"boot": boot(), "mark": self.mark, "supervisor": os.getpid(), "parts": parts}
        write_private_json(self.folder.started_parts, record)


def reap(folder: DataFolder) -> list[str]:
    """End what the last run left running and return a line for each process.

    Call it with the folder held, before anything is started.

    Raises:
        StackError: a process does not end.
    """
    record = read_json(folder.started_parts)
    if record is None or record["boot"] != boot():
        return []
    known = {(part["pid"], part["started"]): name for name, part in record["parts"].items()}
    return _end_all(known, record["mark"])


def end_marked(mark: str) -> list[str]:
    """End every process that carries `mark` and return a line for each.

    Raises:
        StackError: a process does not end.
    """
    return _end_all({}, mark)


def _end_all(known: Mapping[tuple[int, int], str], mark: str) -> list[str]:
    ended: list[str] = []
    for _ in range(ROUNDS):
        found = _recorded(known) | _marked(mark)
        if not found:
            return ended
        for pid, started in found.items():
            if _end(pid, started, group=(pid, started) in known):
                ended.append(f"{known.get((pid, started), 'a child process')} (pid {pid})")
    raise StackError(f"processes of an earlier run do not end: {', '.join(ended[-5:])}")


def _recorded(known: Mapping[tuple[int, int], str]) -> dict[int, int]:
    return {pid: started for pid, started in known if start_time(pid) == started}


def _marked(mark: str) -> dict[int, int]:
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # another user's process, or one that ended meanwhile
            continue
        started = start_time(int(entry.name))
        if wanted in variables and started is not None:
            found[int(entry.name)] = started
    return found


def _end(pid: int, started: int, *, group: bool) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # The handle is bound to one process: a start time read after opening it is that process's.
        if start_time(pid) != started:
            return False
        if group and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return bool(select.select([handle], [], [], GONE_WITHIN)[0])
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
