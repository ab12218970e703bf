"""Traces out of a real MLflow server."""

from __future__ import annotations

import asyncio

import pytest

from tests.external.conftest import Running
from tests.external.mlflow.test_levers import server
from tests.external.telling import asked, check_whole, kept, told

__all__ = ["server"]
pytestmark = pytest.mark.timeout(400)


async def test_a_trace_comes_back_by_its_id_and_by_its_window(server: Running) -> None:
    trace = await asyncio.to_thread(told, server.url, {"x-mlflow-experiment-id": "0"})
    check_whole(await kept("mlflow", server.url, trace, experiment="0"), trace)
    check_whole(await kept("mlflow", server.url, experiment="0"), trace)


async def test_a_trace_that_is_not_there_is_a_gap(server: Running) -> None:
    got = await asked("mlflow", server.url, "2" * 32, experiment="0")
    assert (got.items, set(got.reasons.values())) == ([], {"empty"})
