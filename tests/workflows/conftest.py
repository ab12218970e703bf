"""A real Temporal server with a clock per workflow, a closed incident to follow up on, and people to tell."""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.config import DatabaseSettings
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from tests.adapters.office import Office
from tests.adapters.web import Web, web
from tests.workflows.errand import now
from tests.workflows.following import Course
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


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )
    migrate(settings)
    databases = open_databases(settings)
    yield databases
    databases.close()


@pytest.fixture
def course(environment: WorkflowEnvironment, databases: Databases) -> Course:
    return Course(environment, databases, f"INC-20260302-{secrets.token_hex(3)}")


@pytest.fixture
def office(databases: Databases) -> Iterator[Office]:
    office = Office(databases, now)
    yield office
    office.notifier.close()


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web() as server:
        yield server
