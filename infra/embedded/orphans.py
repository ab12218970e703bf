"""What a dead part had started and left running, found whatever session or environment it has.

The supervisor asks the kernel to hand it the children of its dead children; each one that it
did not start itself is then a stray of a part that is gone.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

from infra.embedded.errors import StackError

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
ROUNDS = 10
"""Ending a stray may hand over what it had started in turn."""


def adopt() -> None:
    """Become the parent of every descendant whose own parent dies.

    Raises:
        StackError: the kernel refuses.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise StackError(f"prctl: {os.strerror(ctypes.get_errno())}")


def end_strays(own: AbstractSet[int]) -> list[int]:
    """End every child of this process that is not in `own`, with its group; return their pids."""
    ended: list[int] = []
    for _ in range(ROUNDS):
        strays = _children() - own
        if not strays:
            break
        for pid in strays:
            # Not waited for yet, so the pid can't have come to mean another process.
            with suppress(ProcessLookupError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            ended.append(pid)
    return ended


def _children() -> set[int]:
    found: set[int] = set()
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            found.update(int(pid) for pid in (thread / "children").read_text(encoding="ascii").split())
    return found
