"""A console, its workers, and those who look after holds and incidents, on a real Temporal server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from temporalio.client import Client

from andon.console.app import create_app
from tests.api.server import running
from tests.care.yard import Yard, open_yard
from tests.console.conftest import temporal
from tests.console.desk import open_office, serving
from workers.care import care_duty
from workers.compose import worker_for

__all__ = ["temporal"]

EVERY = timedelta(milliseconds=300)


@pytest.fixture
async def yard(temporal: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Yard]:
    address = temporal.service_client.config.target_host
    yard = open_yard(open_office(tmp_path_factory.mktemp("office"), address), temporal)
    async with (
        serving(temporal, yard.office.behind),
        worker_for(temporal, care_duty(yard, temporal, EVERY)),
        running(create_app(yard.office.parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        yard.office.http = http
        yield yard
        await yard.end()
    yard.office.queries.databases.close()
