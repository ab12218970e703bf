"""Databases on files of their own, brought to head, and an incident's opening to put in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.config import DatabaseSettings
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate


@pytest.fixture
def database_settings(tmp_path: Path) -> DatabaseSettings:
    return DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )


@pytest.fixture
def databases(database_settings: DatabaseSettings) -> Iterator[Databases]:
    migrate(database_settings)
    opened = open_databases(database_settings)
    yield opened
    opened.close()
