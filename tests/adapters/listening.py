"""A place on this machine that nobody should reach, and wires that remember every address dialled."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore

OURS = ("127.0.0.1", "127.1.2.3", "::1")


@dataclass
class Listener:
    """Counts connections, with TLS those agreed on; each gets `answer` after its first line, and is left."""

    port: int = 0
    connections: int = 0
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            async with asyncio.timeout(5):
                await reader.readline()
            writer.write(self.answer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except (OSError, TimeoutError, ValueError):
            writer.close()


@asynccontextmanager
async def listening(
    hosts: Sequence[str] = ("127.0.0.1",), tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """Listen on the same free port of each host that this machine has."""
    there = Listener()
    servers = []
    for host in hosts:
        try:
            servers.append(await asyncio.start_server(there.take, host, there.port, ssl=tls))
        except OSError:
            assert ":" in host, "only IPv6 may be lacking"
            continue
        there.port = there.port or servers[0].sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()


@dataclass
class Names:
    """A resolver that says what the test says, another answer each time, the last for ever."""

    answers: dict[str, list[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host in self.answers:
            nth = min(self.asked.count(host), len(self.answers[host])) - 1
            return self.answers[host][nth]
        if host == "localhost" or host.endswith(".localhost"):
            return ["127.0.0.1", "::1"]
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


class Wires(httpcore.AnyIOBackend):
    """Dials addresses of this machine for real; behind all others there is nobody."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        if not host.startswith("127.") and host not in {"::1", "0.0.0.0"}:  # noqa: S104 - dialled, not bound
            raise httpcore.ConnectError("nobody there")
        return await super().connect_tcp(host, port, timeout, local_address, socket_options)
