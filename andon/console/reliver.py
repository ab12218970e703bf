"""The process that replays for the console: one, started when it is needed, ended when it rests or hangs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

PROGRAM: Final = ("-I", "-m", "andon.audit.reliver")
WITHIN: Final = timedelta(seconds=60)
"""A replay of 2,000 events takes some seconds."""
REST: Final = timedelta(minutes=5)
"""It keeps 100 MB, and takes two seconds of a core to start."""
PLAIN: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""It needs none of the console's secrets."""
ANSWER_BYTES: Final = 128 * 1024 * 1024
END: Final = 5.0


class ReplayEndedError(Exception):
    """The process ended without an answer; `late`: it was ended since it took too long."""

    def __init__(self, *, late: bool) -> None:
        self.late = late
        super().__init__("the replay took too long" if late else "the replay ended without an answer")


class Reliver:
    """Asks it one thing at a time, from any thread."""

    def __init__(self, within: timedelta = WITHIN, rest: timedelta = REST) -> None:
        self._within = within.total_seconds()
        self._rest = rest.total_seconds()
        self._busy = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._resting: threading.Timer | None = None

    def ask(self, question: Mapping[str, Any]) -> bytes:
        """Return its answer as JSON; blocks until it is there.

        Raises:
            ReplayEndedError: there is none.
        """
        with self._busy:
            self._stay()
            try:
                return self._asked(json.dumps(question).encode() + b"\n")
            finally:
                self._resting = threading.Timer(self._rest, self._rested)
                self._resting.daemon = True
                self._resting.start()

    def close(self) -> None:
        """End the process, in the midst of a replay too; it is started again when it is needed."""
        child = self._child
        if child is not None:
            child.kill()
        with self._busy:
            self._stay()
            self._end()

    def _rested(self) -> None:
        """End the process, unless it was asked something since."""
        with self._busy:
            if threading.current_thread() is self._resting:
                self._resting = None
                self._end()

    def _stay(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _asked(self, line: bytes) -> bytes:
        child = self._running()
        assert child.stdin is not None  # noqa: S101 - asked for when it was started
        assert child.stdout is not None  # noqa: S101 - asked for when it was started
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        limit = threading.Timer(self._within, end)
        limit.start()
        answer = b""
        try:
            child.stdin.write(line)
            child.stdin.flush()
            answer = child.stdout.readline(ANSWER_BYTES)
        except OSError:
            answer = b""  # it ended before it was asked
        finally:
            limit.cancel()
        if not answer.endswith(b"\n"):
            self._end()
            raise ReplayEndedError(late=late.is_set())
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, *PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=PLAIN
        )
        # Whatever becomes of this object, nothing is left running.
        weakref.finalize(self, _ended, self._child)
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            _ended(self._child)
            self._child = None


def _ended(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(END)
