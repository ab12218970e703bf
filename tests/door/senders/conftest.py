"""What tests of foreign senders look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

Told = Callable[[str, int], Awaitable[list[dict[str, Any]]]]


async def said_to(handle: WorkflowHandle[Any, Any]) -> list[dict[str, Any]]:
    """Return what senders said to a workflow: nothing as long as it has not begun."""
    try:
        said: list[dict[str, Any]] = await handle.query("said")
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return []
    return said


@pytest.fixture
def told(worker: Client) -> Told:
    """Wait until an incident's workflow was told so many things by senders, and return them.

    The register lists an incident before its workflow has begun, so "not found" is waited out too.
    """

    async def ask(incident: str, count: int) -> list[dict[str, Any]]:
        handle = worker.get_workflow_handle(f"incident/{incident}")
        async with asyncio.timeout(20):
            while True:
                said = await said_to(handle)
                if len(said) >= count:
                    return said
                await asyncio.sleep(0.1)

    return ask
