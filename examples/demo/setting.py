"""The demo's own folder: policies with a shortened clock, people who can be reached, files to run on."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import playbooks

RELEASES: Final = Path(__file__).resolve().parents[1] / "refund_desk" / "releases"
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

    @property
    def lever_token(self) -> Path:
        """The token with which Andon moves the desk's own levers."""
        return self.root / "lever.token"

    def prepare(
        self,
        *,
        desk_port: int,
        bell: str,
        playbook: str = "tool_agent",
        band: str = "high",
        also: Sequence[str] = (),
    ) -> None:
        """Write a fresh folder: release v1.0, the system's file, a shortened clock, reachable people."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.desk.mkdir(parents=True)
        shutil.copy(RELEASES / "v1.0.json", self.release)
        defaults = self.root / "defaults"
        playbooks.export_defaults(defaults)
        self._system(defaults, desk_port)
        self._playbook(defaults, playbook, band, also)
        self.lever_token.touch(mode=0o600)
        self.lever_token.write_text(secrets.token_urlsafe(24))
        self._people(defaults, bell)

    def up_options(self) -> list[str]:
        """Options of `andon up` for this demo."""
        return [
            *("--data", str(self.data), "--ready-file", str(self.ready)),
            *("--systems", str(self.root / "systems"), "--playbooks", str(self.root / "playbooks")),
            *("--people", str(self.root / "people.yaml")),
        ]

    def up_environment(self, desk_port: int) -> dict[str, str]:
        """Settings of `andon up` for this demo: where the desk's levers and versions are, and their token."""
        desk = json.dumps([f"localhost:{desk_port}"])
        return {
            "ANDON_LEVERS__SECRETS": json.dumps({"refund_desk": self.lever_token.read_text()}),
            "ANDON_LEVERS__PRIVATE_HOSTS": desk,
            "ANDON_SOURCES__PRIVATE_HOSTS": desk,
        }

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
        ours = {
            ".andon/refund_desk/release.json": str(self.release),
            ".andon/refund_desk/index": str(self.desk / "index"),
        }
        for run in (system["evaluation"], system["evaluation"]["past"]):
            run["command"] = [ours.get(word, word) for word in run["command"]]
        for lever in system["levers"]:
            if lever["verb"] == "rate_limit":
                lever["normal"] = DESK_RATE
            if "url" in lever.get("options", {}):
                lever["options"]["url"] = f"http://localhost:{desk_port}"
        _write(self.root / "systems" / "refund_desk.yaml", system)

    def _playbook(self, defaults: Path, name: str, band: str, also: Sequence[str]) -> None:
        playbook = _read(_one(defaults, f"{name}.yaml"))
        playbook["clocks"] = {"triage": {band: f"PT{TRIAGE_SECONDS}S"}}
        playbook["watch"]["window"][band] = f"PT{WATCH_SECONDS}S"
        playbook["watch"]["every"] = "PT2S"
        for step in playbook["containment"]:
            if step["verb"] in also:
                step["at"].append(band)
        _write(self.root / "playbooks" / f"{name}.yaml", playbook)

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
