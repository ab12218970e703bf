"""The clients that are compared, each asked in the same way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider

from andon.client import AndonProvider
from tests.client.nodes import NodeClient, node_client

KEY: Final = "refund_desk.allowed"
POLL_MILLISECONDS: Final = 200
PATIENCE_SECONDS: Final = 15
_DOMAINS = count(1)


@dataclass(frozen=True)
class Look:
    """What a client gave its application, and how long that took."""

    value: object
    metadata: Mapping[str, Any]
    seconds: float


class Asked(Protocol):
    """One client."""

    async def look(self, *, fallback: bool) -> Look:
        """Evaluate the pause flag."""


class InPython:
    """A client in this process."""

    def __init__(self, client: OpenFeatureClient) -> None:
        self._client = client

    async def look(self, *, fallback: bool) -> Look:
        began = time.monotonic()
        told = await asyncio.to_thread(self._client.get_boolean_details, KEY, fallback)
        return Look(told.value, told.flag_metadata, time.monotonic() - began)


class InNode:
    """A client in a process of its own."""

    def __init__(self, client: NodeClient) -> None:
        self.client = client

    async def look(self, *, fallback: bool) -> Look:
        told = await self.client.look(KEY, fallback=fallback, within=PATIENCE_SECONDS)
        return Look(told["value"], told.get("metadata") or {}, told["ms"] / 1000)


@asynccontextmanager
async def in_python(url: str, token: str) -> AsyncIterator[Asked]:
    """The OFREP provider of the OpenFeature project, as it comes."""
    provider = OFREPProvider(url, headers_factory=lambda: {"Authorization": f"Bearer {token}"})
    domain = f"stock-{next(_DOMAINS)}"
    api.set_provider(provider, domain)
    yield InPython(api.get_client(domain))
    provider.session.close()


@asynccontextmanager
async def ours(url: str, token: str) -> AsyncIterator[Asked]:
    """Our own provider, as it comes."""
    provider = AndonProvider(url, token=token)
    domain = f"ours-{next(_DOMAINS)}"
    api.set_provider(provider, domain)
    yield InPython(api.get_client(domain))
    provider.shutdown()


@asynccontextmanager
async def all_clients(url: str, token: str, packages: Path, poll: int = 0) -> AsyncIterator[dict[str, Asked]]:
    """Every client, ready, in front of one door."""
    async with AsyncExitStack() as held:
        yield {
            "Python, OFREP": await held.enter_async_context(in_python(url, token)),
            "Node, server": InNode(
                await held.enter_async_context(node_client(packages, "server", url, token))
            ),
            "Web": InNode(await held.enter_async_context(node_client(packages, "web", url, token, poll))),
            "Andon's, Python": await held.enter_async_context(ours(url, token)),
        }
