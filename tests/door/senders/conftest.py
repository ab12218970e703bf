"""What tests of foreign senders look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import Client

Told = Callable[[str, int], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def told(worker: Client) -> Told:
    """Wait until an incident's workflow was told so many things by senders, and return them."""

    async def ask(incident: str, count: int) -> list[dict[str, Any]]:
        handle = worker.get_workflow_handle(f"incident/{incident}")
        async with asyncio.timeout(20):
            while True:
                said: list[dict[str, Any]] = await handle.query("said")
                if len(said) >= count:
                    return said
                await asyncio.sleep(0.1)

    return ask
