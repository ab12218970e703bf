"""All of Andon in a folder of its own, with as many small AI systems as there are measurements."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

READY_WITHIN: Final = 120.0
STOPPED_WITHIN: Final = 60.0
NO_LIMIT: Final = "1000000"


@dataclass(frozen=True)
class Stack:
    """Addresses and tokens of a running stack."""

    root: Path
    door: str
    console: str
    ofrep: str
    tokens: dict[str, str]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that its parts read."""
        return read_settings(self.root / "data")


def read_settings(data: Path) -> dict[str, Any]:
    """Return the settings of the stack that lives in a data folder."""
    settings: dict[str, Any] = json.loads((data / "settings.json").read_text())
    return settings


@contextmanager
def standing(
    root: Path, systems: Sequence[str], more: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Stack]:
    """Run the embedded stack for the length of a block; `more` says what differs in a system's file."""
    root.mkdir(parents=True, exist_ok=True)
    _write(root / "systems", systems, more or {})
    ready = root / "ready.json"
    words = ("up", "--data", root / "data", "--ready-file", ready, "--systems", root / "systems")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
    # The sandbox loads workflow modules for each run, and an installed Andon has them compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(root / "bytecode")
    # One source stops hundreds of systems here, which the door would otherwise leave to a person.
    environment["ANDON_INTAKE__STOPS_PER_SOURCE_PER_HOUR"] = NO_LIMIT
    environment["ANDON_INTAKE__DETECTIONS_PER_SOURCE_PER_MINUTE"] = NO_LIMIT
    # Whoever ends a measurement ends its stack: left behind, it would slow down the next one.
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with (root / "up.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "andon.cli.main", *map(str, words)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        yield _ready(root, ready, running)
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(STOPPED_WITHIN)
        finally:
            running.kill()
            signal.signal(signal.SIGTERM, before)


def _ready(root: Path, ready: Path, running: subprocess.Popen[bytes]) -> Stack:
    end = time.monotonic() + READY_WITHIN
    while not ready.exists():
        if running.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the stack did not start; see {root / 'up.log'}")
        time.sleep(0.05)
    said = json.loads(ready.read_text())
    return Stack(root, said["door"], said["console"], said["ofrep"], said["tokens"])


def _write(folder: Path, systems: Sequence[str], more: Mapping[str, Mapping[str, Any]]) -> None:
    folder.mkdir()
    for system in systems:
        text = {
            "id": system,
            "name": system,
            "tier": "low",
            "owner": "bela",
            "levers": [{"verb": "pause_system"}],
            "evidence": {"recorder": False},
            **more.get(system, {}),
        }
        (folder / f"{system}.yaml").write_text(yaml.safe_dump(text))
