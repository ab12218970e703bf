"""A real Temporal server with a clock per workflow."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from workflows import search_attributes as search

TEMPORAL = Path(sys.executable).with_name("temporal")
FAST = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "limit.historyCount.suggestContinueAsNew": "400",
}
ATTRIBUTES = (
    search.SEVERITY,
    search.STAGE,
    search.SYSTEM,
    search.CLASSIFICATION,
    search.NEXT_DEADLINE,
    search.EXERCISE,
)


@pytest.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    flags = [part for name, value in FAST.items() for part in ("--dynamic-config-value", f"{name}={value}")]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=flags,
        search_attributes=ATTRIBUTES,
    ) as environment:
        yield environment
