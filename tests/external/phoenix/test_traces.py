"""Traces out of a real Phoenix server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.external.conftest import Running, running
from tests.external.figures import note
from tests.external.telling import asked, check_whole, kept, told

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("phoenix")
    environment = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_WORKING_DIR": str(folder / "data"),
    }
    with running(
        folder, ["phoenix", "serve"], "/healthz", environment, ports=("PHOENIX_PORT", "PHOENIX_GRPC_PORT")
    ) as there:
        note("phoenix", version="20.26.1", seconds_to_start=there.started_in)
        yield there


async def test_a_trace_comes_back_by_its_id_and_by_its_window(server: Running) -> None:
    trace = await asyncio.to_thread(told, server.url, {})
    check_whole(await kept("phoenix", server.url, trace, project="default"), trace)
    check_whole(await kept("phoenix", server.url, project="default"), trace)


async def test_a_project_that_is_not_there_is_a_gap(server: Running) -> None:
    got = await asked("phoenix", server.url, project="nobody")
    assert (got.items, set(got.reasons.values())) == ([], {"empty"})
