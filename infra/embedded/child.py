"""One running program, held by a handle that can't come to mean another process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from infra.embedded.leftovers import MARK_VARIABLE
from infra.embedded.part import Part

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_KEPT_BYTES = 8 * 1024 * 1024


class Child:
    """A part that was started; `ended` is its exit code, negative for a signal."""

    def __init__(self, part: Part, *, mark: str, log: Path) -> None:
        """Start `part`; call it on the main thread, whose end is what the kernel ties the child to."""
        for stale in part.before_start:
            stale.unlink(missing_ok=True)
        _rotate(log)
        launch = (str(LAUNCHER), str(os.getpid()), str(part.folder), str(part.niceness))
        command = [sys.executable, "-I", "-S", *launch, *part.argv]
        with log.open("ab") as output:
            # The arguments come from the parts table, never from outside.
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**part.environment, MARK_VARIABLE: mark},
            )
        self.pid = self._process.pid
        self._handle = os.pidfd_open(self.pid)
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self._handle, self._collect)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program itself, which ends its own children."""
        if not self.ended.done():
            signal.pidfd_send_signal(self._handle, signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the program and all of its group."""
        if not self.ended.done():
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def _collect(self) -> None:
        self._loop.remove_reader(self._handle)
        # The program is dead but not yet waited for, so its pid still names its group and
        # nothing else: what it left running ends here.
        with contextlib.suppress(ProcessLookupError):  # it died before it had a group of its own
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        os.close(self._handle)
        if not self.ended.done():
            self.ended.set_result(code)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def log_tail(log: Path, lines: int = 8) -> str:
    """Return the last `lines` of a part's log."""
    if not log.exists():
        return ""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - 8192))
        return "\n".join(source.read().decode(errors="replace").splitlines()[-lines:])
