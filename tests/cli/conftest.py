"""What commands ask in these tests: a console that gives prepared answers and keeps what it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Servant, serving


@pytest.fixture
def servant() -> Iterator[Servant]:
    with serving(Servant()) as one:
        yield one


@pytest.fixture
def ready(servant: Servant, tmp_path: Path) -> Path:
    return servant.ready(tmp_path / "ready.json")
