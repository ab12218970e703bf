"""Databases of both kinds, each of its own, brought to head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.config import DatabaseSettings
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from tests import postgres
from tests.postgres import postgres_server

__all__ = ["postgres_server"]


def on_sqlite(folder: Path) -> DatabaseSettings:
    """Three files in a folder."""
    return DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    )


def on_postgres(url: str) -> DatabaseSettings:
    """All three in one database, as an organisation may well have it."""
    return DatabaseSettings(switches_url=url, register_url=url, recorder_url=url)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> Iterator[str]:
    """A database at head; to copy it takes a tenth of what its migrations take."""
    with postgres_server.database() as url:
        migrate(on_postgres(url))
        yield url.split("@/")[1].split("?")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_settings(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
    """Databases without any tables."""
    if kind == "sqlite":
        yield on_sqlite(tmp_path)
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield on_postgres(url)


@pytest.fixture
def database_settings(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[DatabaseSettings]:
    if kind == "sqlite":
        migrate(on_sqlite(tmp_path))
        yield on_sqlite(tmp_path)
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("postgres_template")) as url:
        yield on_postgres(url)


@pytest.fixture
def databases(database_settings: DatabaseSettings) -> Iterator[Databases]:
    opened = open_databases(database_settings)
    yield opened
    opened.close()
