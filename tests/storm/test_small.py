"""Small versions of the two runs of `make storm`, so that they never break unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.stack import Stack, standing
from tests.storm.runs import endured, stormed

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with standing(tmp_path / "stack", []) as one:
        yield one


async def test_nothing_acknowledged_is_lost_or_doubled_while_parts_are_killed(stack: Stack) -> None:
    kills = ("door", "worker-andon", "temporal", "console", "door")
    report = await endured(stack, count=300, systems=20, kills=kills, within=300)
    print(report)
    assert report.holds, str(report)
    assert report.figures["parts killed"] == len(kills)


async def test_a_storm_is_one_incident_an_ai_system_and_each_is_contained(stack: Stack) -> None:
    report = await stormed(stack, count=300, systems=20, seconds=20, within=300)
    print(report)
    assert report.holds, str(report)
    assert report.figures["AI systems contained and proven"] == 20
