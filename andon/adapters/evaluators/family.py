"""All processes of one run, whatever session they moved to: counted while it goes on, ended when it is over.

They are the descendants of the run's warden, which adopts what its children leave behind. Should the run
have killed its warden, they are known by the mark that each was given in its environment.
"""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MARK: Final = "ANDON_RUN_MARK"
"""Variable by which the processes of one run are known."""

PROC: Final = Path("/proc")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Burden:
    """What a run takes at a moment."""

    processes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Family:
    """The processes of one run."""

    warden: int
    mark: str

    def burden(self) -> Burden:
        """Return how many processes the run has, the warden left out, and what memory they hold together."""
        pids = self._descendants()
        return Burden(processes=len(pids), memory_bytes=sum(_held(pid) for pid in pids))

    def ask_to_end(self) -> None:
        """Send all of them the polite signal."""
        _signal(self._descendants(), signal.SIGTERM)

    def end(self) -> bool:
        """End all that is left; return whether nothing was, so that it is called until then."""
        left = self._descendants() | self._marked()
        # A stopped process starts no other one while the list is read again.
        _signal(left, signal.SIGSTOP)
        _signal(left | self._descendants(), signal.SIGKILL)
        return not left

    def _descendants(self) -> set[int]:
        children: defaultdict[int, set[int]] = defaultdict(set)
        for pid, parent in _living():
            children[parent].add(pid)
        found: set[int] = set()
        fresh = children[self.warden]
        while fresh:
            found |= fresh
            fresh = {pid for parent in fresh for pid in children[parent]} - found
        return found

    def _marked(self) -> set[int]:
        wanted = f"{MARK}={self.mark}".encode()
        found = set()
        for pid, _ in _living():
            # Another user's process, or one that ended meanwhile.
            with suppress(OSError):
                if wanted in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                    found.add(pid)
        return found - {self.warden}


def _living() -> Iterator[tuple[int, int]]:
    """Yield each process with its parent; those that only wait to be collected are left out."""
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # proc_pid_stat(5): the name is in parentheses and may hold any character.
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state not in {"Z", "X"}:
            yield int(entry.name), int(parent)


def _held(pid: int) -> int:
    """Return what a process holds in memory that it shares with no file."""
    try:
        _, resident, shared, *_ = (PROC / str(pid) / "statm").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(resident) - int(shared)) * PAGE


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
