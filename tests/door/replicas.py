"""Doors as processes of their own on the same databases, each with a port and a spool of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from andon.config import Settings
from tests.api.server import free_socket


class Replica:
    """One door that can be killed and started again; it keeps its address."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        with free_socket() as held:
            self.port = held.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        folder.mkdir()
        written = settings.model_dump(mode="json", exclude_defaults=True)
        written |= {
            "probe_token": settings.probe_token.get_secret_value(),
            "door": {"port": self.port, "url": self.url},
            "intake": {**written.get("intake", {}), "spool": str(folder / "spool")},
        }
        self._settings = folder / "settings.json"
        self._settings.write_text(json.dumps(written))
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return once it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
        with (self.folder / "door.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment, and must be killed from a callback
                [sys.executable, "-P", "-m", "andon.cli.main", "door"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, "ANDON_SETTINGS": str(self._settings)},
            )
        async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False, timeout=1) as http:
            while not await self._answers(http):
                if self._process.poll() is not None:
                    raise AssertionError((self.folder / "door.log").read_text()[-3000:])
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=20)

    def stop(self) -> None:
        """End it as a supervisor would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            finally:
                self._process.kill()

    def freeze(self, *, frozen: bool) -> None:
        """Let it stand still, with its connections open, or go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    async def _answers(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.url}/healthz")).status_code == 200
        except httpx.TransportError:
            return False
