"""Everything the demo starts: Andon, the model server, the refund desk, its customers and its monitor."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx

from examples.demo.cast import DemoError, until
from examples.demo.setting import CHECKOUT, Setting

START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 30.0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """A program of the demo, in a process group of its own."""

    def __init__(
        self, log: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._log = log.open("w")
        self._process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [sys.executable, "-m", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ended(self, seconds: float) -> int:
        """Wait until it ends by itself and return its exit code."""
        return self._process.wait(seconds)

    def stop(self) -> None:
        """Ask it to end, and make it after a while."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()


@contextmanager
def program(
    log: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Program]:
    """Run a program for the length of a block, with something added to its environment."""
    started = Program(log, *arguments, environment=environment)
    try:
        yield started
    finally:
        started.stop()


def wait_ready(setting: Setting, up: Program) -> dict[str, Any]:
    """Wait for the ready file of `andon up` and return what it says."""

    def there() -> dict[str, Any] | None:
        if not up.alive():
            raise DemoError(f"andon up ended early; see {setting.root / 'up.log'}")
        if not setting.ready.exists():
            return None
        ready: dict[str, Any] = json.loads(setting.ready.read_text())
        return ready

    return until(there, "andon up", START_SECONDS)


class Desk:
    """The refund desk, as the demo sees it from outside."""

    def __init__(self, url: str, token: Path) -> None:
        self._client = httpx.Client(
            base_url=url, timeout=10, headers={"Authorization": f"Bearer {token.read_text()}"}
        )

    def wait(self) -> None:
        """Wait until it answers."""

        def answers() -> bool | None:
            try:
                return self._client.get("/healthz").status_code == httpx.codes.OK or None
            except httpx.TransportError:
                return None

        until(answers, "the refund desk")

    def deploy(self, release: str) -> None:
        """Deploy a release; it runs from the next ticket on."""
        self._client.post("/admin/deploy", json={"release": release}).raise_for_status()

    def publish(self, index: str) -> None:
        """Publish an index; it is searched from the next ticket on."""
        self._client.post("/admin/index", json={"index": index}).raise_for_status()

    def ticket(self, ticket: str, account: str, text: str) -> dict[str, Any]:
        """Send one ticket and return the desk's answer."""
        sent = self._client.post("/tickets", json={"ticket_id": ticket, "account_id": account, "text": text})
        sent.raise_for_status()
        answer: dict[str, Any] = sent.json()
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
