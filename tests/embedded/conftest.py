"""Stacks and displays that tests of the embedded stack share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.folder import DataFolder
from infra.embedded.progress import State
from tests.embedded.running import RunningStores


class RecordingDisplay:
    """Keeps what a person would have seen."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, State]] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def part(self, name: str, state: State, waits_for: str) -> None:
        if (name, state) not in self.parts[-1:]:
            self.parts.append((name, state))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def close(self) -> None:
        self.notes.append("closed")


@pytest.fixture
def display() -> RecordingDisplay:
    return RecordingDisplay()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


@pytest.fixture(scope="session")
def shared_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStores]:
    """One running pair of stores; tests may kill its parts but not end it."""
    stores = RunningStores(tmp_path_factory.mktemp("stores"))
    try:
        stores.start()
        yield stores
    finally:
        stores.close()


@pytest.fixture
def own_stores(tmp_path: Path) -> Iterator[RunningStores]:
    """Stores that one test starts and ends as it likes."""
    stores = RunningStores(tmp_path)
    try:
        yield stores
    finally:
        stores.close()
