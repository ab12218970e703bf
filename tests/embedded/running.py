"""The stores of the embedded stack as a program of its own, started and ended by a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.embedded.leftovers import start_time

PEOPLE = Path(__file__).with_name("people.yaml")
READY_WITHIN = 60.0
STOPPED_WITHIN = 25.0


def eventually(condition: Callable[[], bool], within: float, what: str) -> None:
    """Wait until `condition` holds; fail after `within` seconds."""
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, f"not within {within} s: {what}"
        time.sleep(0.02)


class RunningStores:
    """A stack on one data folder: the stores, or what another module runs."""

    def __init__(self, folder: Path, module: str = "run_stores", *words: str) -> None:
        self._module = f"tests.embedded.{module}"
        self._words = words
        self.data = folder / "data"
        self.ready_file = folder / "ready.json"
        self.output = folder / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = self._popen()
        eventually(self._is_ready, READY_WITHIN, f"ready; output: {self.output.read_text()}")

    def start_another(self) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self._command(), capture_output=True, timeout=30, check=False)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOPPED_WITHIN)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOPPED_WITHIN)
            finally:
                self.process.kill()

    def announcement(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ready_file.read_text())
        return found

    def read(self, name: str) -> Any:
        return json.loads((self.data / name).read_text())

    def parts(self) -> dict[str, tuple[int, int]]:
        listed = self.read("run/parts.json")["parts"]
        return {name: (part["pid"], part["started"]) for name, part in listed.items()}

    def kill_part(self, name: str) -> None:
        """Kill a part and wait until another process has its place."""
        pid, _ = before = self.parts()[name]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.parts().get(name, before) != before, 10, f"{name} started again")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        return self.ready_file.exists()

    def _popen(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            return subprocess.Popen(self._command(), stdout=output, stderr=subprocess.STDOUT)

    def _command(self) -> list[str]:
        files = [str(path) for path in (self.data, PEOPLE, self.ready_file)]
        return [sys.executable, "-m", self._module, *files, *self._words]


def alive(parts: dict[str, tuple[int, int]]) -> list[str]:
    """Return the names of those parts that still run."""
    return [name for name, (pid, started) in parts.items() if start_time(pid) == started]
