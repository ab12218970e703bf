"""A console with its register and nothing behind it: enough for whatever touches no incident."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from andon.console.app import create_app
from tests.api.server import free_socket, running
from tests.console.desk import Office, open_office


@pytest.fixture(scope="session")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A console that is reached by a host name, as passkeys need it."""
    office = open_office(tmp_path_factory.mktemp("alone"), "localhost:1")
    held = free_socket()
    url = f"http://localhost:{held.getsockname()[1]}"
    office.parts = replace(office.parts, url=url)
    async with (
        running(create_app(office.parts), held),
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
    ):
        office.http = http
        yield office
    office.queries.databases.close()
