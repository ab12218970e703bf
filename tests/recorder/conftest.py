"""A flight recorder on a fresh database, with a client that may write to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from andon.config import DatabaseSettings, RecorderSettings, Settings
from andon.domain.directory import Role
from andon.recorder.app import create_app
from andon.register.engine import open_databases
from andon.register.spans import Spans
from tests.api.server import bearer, running, write_tokens


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_tokens(tmp_path)
    return Settings(
        data_dir=tmp_path,
        databases=DatabaseSettings(
            switches_url=f"sqlite:///{tmp_path}/switches.db",
            register_url=f"sqlite:///{tmp_path}/register.db",
            recorder_url=f"sqlite:///{tmp_path}/recorder.db",
        ),
        recorder=RecorderSettings(max_age=timedelta(hours=1), max_bytes=50_000_000, body_bytes=1024 * 1024),
    )


@pytest.fixture
async def recorder(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(create_app(settings)) as url,
        httpx.AsyncClient(base_url=url, headers=bearer(Role.DETECTOR), timeout=30, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def spans(settings: Settings, recorder: httpx.AsyncClient) -> Spans:
    return Spans(open_databases(settings.databases).recorder)
