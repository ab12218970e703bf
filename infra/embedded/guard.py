"""Ends what carries a run's mark, as soon as the supervisor is gone, however it went.

The kernel kills the parts together with the supervisor; this small process ends what the
parts had started. Run as `python -m infra.embedded.guard MARK` with a pipe from the
supervisor as standard input: the pipe closes when the supervisor ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.embedded.leftovers import end_marked

ENDS_WITHIN = 5.0


@contextmanager
def guarded(mark: str) -> Iterator[int]:
    """Keep a guard for `mark` while the block runs; give its pid."""
    command = [sys.executable, "-P", "-m", "infra.embedded.guard", mark]
    # A session of its own: Ctrl-C is for the supervisor, which then ends the guard last.
    with subprocess.Popen(  # noqa: S603 - this program, and a mark made by it
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as guard:
        try:
            yield guard.pid
        finally:
            if guard.stdin is not None:
                guard.stdin.close()
            try:
                guard.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                guard.kill()


def main() -> None:
    """Wait until the supervisor is gone, then end what it left."""
    os.chdir("/")
    sys.stdin.buffer.read()
    end_marked(sys.argv[1])


if __name__ == "__main__":
    main()
