"""Doors and clients of several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client.nodes import installed
from tests.door.conftest import lonely, nowhere

__all__ = ["lonely", "nowhere"]


@pytest.fixture(scope="session")
def node_packages(request: pytest.FixtureRequest) -> Path:
    """Where the pinned Node packages are."""
    cache = request.config.cache
    assert cache is not None
    return installed(cache.mkdir("node-clients"))
