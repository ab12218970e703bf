"""The stack that tests from outside share: started once, never killed by them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from examples.refund_desk.watches import STRAY_FACTS
from tests.e2e.course import Course, run_to_the_end
from tests.e2e.people import People
from tests.e2e.scene import playing

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Everybody, in front of a running Andon and a running refund desk."""
    with playing(tmp_path_factory.mktemp("scene") / "root", watch_seconds=4) as scene:
        yield People(scene)


@pytest.fixture(scope="session")
def course(people: People) -> Course:
    """One incident of the refund desk, under load from detection to the closed file."""
    return run_to_the_end(people)


@pytest.fixture
def report() -> dict[str, Any]:
    """A report that calls for containment, of an AI system that nobody has registered."""
    return {
        "system": f"kiosk_{next(_NUMBERS)}",
        "channel": "human_review",
        "title": "It paid a stranger",
        "type": "unauthorised_tool_action",
        "facts": STRAY_FACTS,
    }
