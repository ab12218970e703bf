"""Starting the example's servers from another process, and being sure that they end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 10.0


class StartError(Exception):
    """A server of the example did not come up."""


class Running:
    """A server that was started; its address is known once it listens."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        command = [sys.executable, "-m", module, *arguments, "--port", "0", "--stop-at-eof"]
        self._process = subprocess.Popen(  # noqa: S603 (our own module, arguments are a list)
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def url(self) -> str:
        """Wait until the server listens and return its address.

        Raises:
            StartError: it ended or said nothing in time.
        """
        assert self._process.stdout is not None  # noqa: S101 (a pipe was asked for)
        give_up = threading.Timer(START_SECONDS, self._process.kill)
        give_up.start()
        line = self._process.stdout.readline()
        give_up.cancel()
        if not line:
            raise StartError(f"{self._module} did not start")
        address: str = json.loads(line)["url"]
        return address

    def stop(self) -> None:
        """End the server, by force if it takes too long."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(module: str, *arguments: str) -> Iterator[Running]:
    """Start a server module of the example for the length of a block."""
    server = Running(f"examples.refund_desk.{module}", *arguments)
    try:
        yield server
    finally:
        server.stop()
