"""A console under a real uvicorn, and a real Temporal server behind it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from andon.console.app import create_app
from tests.api.server import running
from tests.console.desk import Office, open_office, serving
from workflows import search_attributes as search

ATTRIBUTES = (
    search.SEVERITY,
    search.STAGE,
    search.SYSTEM,
    search.CLASSIFICATION,
    search.NEXT_DEADLINE,
    search.EXERCISE,
)


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        search_attributes=ATTRIBUTES,
    ) as environment:
        yield environment.client


@pytest.fixture(scope="session")
async def office(temporal: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A console whose incidents are responded to by the real workflow."""
    address = temporal.service_client.config.target_host
    office = open_office(tmp_path_factory.mktemp("office"), address)
    async with (
        serving(temporal, office.behind),
        running(create_app(office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        office.http = http
        yield office
    office.queries.databases.close()


@pytest.fixture
def http(office: Office) -> httpx.AsyncClient:
    assert office.http is not None
    return office.http
