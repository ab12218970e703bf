"""The demo's own folder: policies with a shortened clock, people who can be reached, files to run on."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import playbooks

RELEASES: Final = Path(__file__).resolve().parents[1] / "refund_desk" / "releases"
CASES: Final = Path(__file__).resolve().parents[1] / "refund_desk" / "evals" / "cases.jsonl"
CHECKOUT: Final = Path(__file__).resolve().parents[2]

TRIAGE_SECONDS: Final = 6
"""In production triage has 30 minutes at high severity; the demo shortens it to show a breach."""
WATCH_SECONDS: Final = 8
"""In production the watch after a restart lasts 24 hours at high severity."""
DESK_RATE: Final = 100_000


@dataclass(frozen=True)
class Setting:
    """Where everything of one demo lies."""

    root: Path

    @property
    def data(self) -> Path:
        """Data folder of `andon up`."""
        return self.root / "andon"

    @property
    def ready(self) -> Path:
        """Ready file of `andon up`."""
        return self.root / "ready.json"

    @property
    def release(self) -> Path:
        """The release file the desk runs on."""
        return self.root / "release.json"

    @property
    def desk(self) -> Path:
        """Data folder of the refund desk."""
        return self.root / "desk"

    def prepare(self, *, desk_port: int, bell: str) -> None:
        """Write a fresh folder: release v1.0, the system's file, a shortened clock, reachable people."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.desk.mkdir(parents=True)
        shutil.copy(RELEASES / "v1.0.json", self.release)
        defaults = self.root / "defaults"
        playbooks.export_defaults(defaults)
        self._system(defaults, desk_port)
        self._playbook(defaults)
        self._people(defaults, bell)

    def up_options(self) -> list[str]:
        """Options of `andon up` for this demo."""
        return [
            *("--data", str(self.data), "--ready-file", str(self.ready)),
            *("--systems", str(self.root / "systems"), "--playbooks", str(self.root / "playbooks")),
            *("--people", str(self.root / "people.yaml")),
        ]

    def token(self, role: str) -> Path:
        """Write a role's token to a file for a program that is given one."""
        path = self.root / f"{role}.token"
        path.write_text(json.loads(self.ready.read_text())["tokens"][role])
        path.chmod(0o600)
        return path

    def _system(self, defaults: Path, desk_port: int) -> None:
        system = _read(_one(defaults, "refund_desk.yaml"))
        system["evidence"]["versions_url"] = f"http://localhost:{desk_port}/versions"
        system["evaluation"]["directory"] = str(CHECKOUT)
        system["evaluation"]["command"] = [
            *("{python}", "-m", "examples.refund_desk.evals.run"),
            *("--release", str(self.release), "--cases", str(CASES)),
            *("--extra-cases", "{cases}", "--out", "{out}", "--log-dir", "{logs}"),
        ]
        for lever in system["levers"]:
            if lever["verb"] == "rate_limit":
                lever["normal"] = DESK_RATE
        _write(self.root / "systems" / "refund_desk.yaml", system)

    def _playbook(self, defaults: Path) -> None:
        playbook = _read(_one(defaults, "tool_agent.yaml"))
        playbook["clocks"] = {"triage": {"high": f"PT{TRIAGE_SECONDS}S"}}
        playbook["watch"]["window"]["high"] = f"PT{WATCH_SECONDS}S"
        playbook["watch"]["every"] = "PT2S"
        _write(self.root / "playbooks" / "tool_agent.yaml", playbook)

    def _people(self, defaults: Path, bell: str) -> None:
        directory = _read(_one(defaults, "people.yaml"))
        for person in directory["people"]:
            person["channels"] = [f"json://{bell}/{person['id']}"]
        _write(self.root / "people.yaml", directory)


def _one(folder: Path, name: str) -> Path:
    return next(path for path in folder.rglob(name))


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
