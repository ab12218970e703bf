"""Runs an application under a real uvicorn on a free port, in this process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import FastAPI

from andon.api.server import Server, configuration
from andon.domain.directory import Role


class QuietServer(Server):
    """A server that leaves the signals of the test run alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(app: FastAPI, listening: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve `app` and give its URL; it has stopped when this ends."""
    held = listening or free_socket()
    server = QuietServer(configuration(app, "127.0.0.1", held.getsockname()[1]))
    serving = asyncio.create_task(server.serve(sockets=[held]))
    async with asyncio.timeout(20):
        while not server.started:
            if serving.done():
                raise AssertionError(f"the server did not start: {serving.exception()}")
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        server.should_exit = True
        async with asyncio.timeout(20):
            await serving
        held.close()


def free_socket() -> socket.socket:
    """Return a listening socket on a port nobody uses."""
    # Named as TCP, or asyncio leaves Nagle's delay on for every connection it accepts.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    held.listen(128)
    return held


def token(role: Role | str) -> str:
    """Return the token of the person who holds `role` in tests."""
    return f"andon_{role}_secret"


def bearer(role: Role | str) -> dict[str, str]:
    """Return the header that goes with `token`."""
    return {"Authorization": f"Bearer {token(role)}"}


def write_tokens(folder: Path, roles: tuple[Role, ...] = tuple(Role)) -> Path:
    """Write the hashes of one token a role, each bound to a person named for the role."""
    path = folder / "token_hashes.json"
    hashes = {
        hashlib.sha256(token(role).encode()).hexdigest(): {"person": f"{role.value}-1", "role": role.value}
        for role in roles
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(hashes))
    fresh.replace(path)
    return path
