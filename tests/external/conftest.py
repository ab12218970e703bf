"""Starts a vendor's server from an environment of its own, which `tools/external` makes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.adapters.conftest import databases, free_ports
from tests.external.figures import note, seconds_since, ticks

__all__ = ["databases"]

ROOT = Path(__file__).parents[2]
SECONDS_TO_START = 300
NAMED = os.environ.get("ANDON_EXTERNAL", "")

collect_ignore = [name for name in ("mlflow", "litellm", "phoenix", "promptfoo") if name != NAMED]


BEGAN = ticks()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Note how long a suite took; the environment's making is not in it."""
    if NAMED:
        figures = {"tests": session.testscollected, "failed": session.testsfailed}
        note(NAMED, **figures, seconds=seconds_since(BEGAN))


@dataclass(frozen=True)
class Running:
    """A vendor's server, and how long it took to answer."""

    url: str
    bin: Path
    started_in: float

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def running(
    folder: Path,
    arguments: list[str],
    health: str,
    environment: Mapping[str, str] | None = None,
    *,
    ports: Sequence[str] = (),
) -> Iterator[Running]:
    """Start a command with `{port}` filled in, wait until it answers, stop it with all its children.

    Args:
        folder: where it runs and keeps its files.
        arguments: the command.
        health: path that answers once it is up.
        environment: what it is told besides.
        ports: variables of its environment that hold free ports; the first that of its HTTP server.
    """
    port, *others = free_ports(max(1, len(ports)))
    numbered = {name: str(one) for name, one in zip(ports, (port, *others), strict=True)} if ports else {}
    there = ROOT / ".venvs" / NAMED / "bin"
    command = [str(there / arguments[0]), *(one.format(port=port) for one in arguments[1:])]
    began = ticks()
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": f"{there}:/usr/bin:/bin", "HOME": str(folder), **(environment or {}), **numbered},
        )
        try:
            _answering(process, url + health, folder / "server.log")
            yield Running(url, there, seconds_since(began))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


def _answering(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    transport = httpx.HTTPTransport(retries=0)
    with httpx.Client(transport=transport, timeout=2) as client:
        began = ticks()
        while seconds_since(began) < SECONDS_TO_START:
            if process.poll() is not None:
                raise RuntimeError(f"it ended: {log.read_text()[-2000:]}")
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
    raise RuntimeError(f"no answer in {SECONDS_TO_START} s: {log.read_text()[-2000:]}")
