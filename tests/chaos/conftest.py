"""A stack of its own that chaos tests kill, part by part and whole; two of them never run at once."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from tests.chaos.toll import Toll
from tests.e2e.people import People
from tests.e2e.scene import playing


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Everybody, in front of an Andon that may be killed at any moment."""
    # The folder that all parallel test processes of one run share.
    with (tmp_path_factory.getbasetemp().parent / "chaos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with playing(tmp_path_factory.mktemp("chaos") / "root", watch_seconds=8) as scene:
            yield People(scene)


@pytest.fixture
def toll() -> Iterator[Toll]:
    """Counts what was killed, and tells at the end."""
    counted = Toll()
    yield counted
    print(counted)
