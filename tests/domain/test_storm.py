"""When detections are a storm, which of them it groups, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import playbooks
from andon.domain.detection import Channel
from andon.domain.placing import Place, Placement, Stands, placed
from andon.domain.storm import Seen, Storm, gathered, groups

POLICY = playbooks.load().storm
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def seen(*seconds_ago: float, per_system: int = 1) -> list[Seen]:
    return [
        Seen(f"bot_{number // per_system}", NOW - ago * SECOND, f"INC-20260301-00000{number}")
        for number, ago in enumerate(seconds_ago)
    ]


@pytest.mark.parametrize(
    ("found", "systems"),
    [
        (seen(0, 1, 2, 3), 0),
        (seen(0, 1, 2, 3, 4), 5),
        (seen(0, 1, 2, 3, 10), 5),
        (seen(0, 1, 2, 3, 10.1), 0),
        (seen(0, 1, 2, 3, -1), 0),
        (seen(*[0] * 9, per_system=2), 5),
        (seen(*[0] * 8, per_system=2), 0),
        ([], 0),
    ],
)
def test_so_many_ai_systems_within_so_long_are_a_storm(found: list[Seen], systems: int) -> None:
    assert len(gathered(POLICY, found, NOW)) == systems


def test_the_first_incident_of_each_ai_system_stands_for_it_whatever_the_order() -> None:
    found = seen(5, 4, 3, 2, 1)
    late = Seen("bot_0", NOW, "INC-20260301-late00")
    assert gathered(POLICY, [late, *reversed(found)], NOW) == {one.system: one.incident for one in found}


@pytest.mark.parametrize(
    ("channel", "source", "grouped"),
    [
        (Channel.MONITORING, "source:grafana", True),
        (Channel.VENDOR_ALERT, "source:vendor", True),
        (Channel.MONITORING, "person:ana", False),
        (Channel.USER_REPORT, "source:helpdesk", False),
        (Channel.HUMAN_REVIEW, "source:queue", False),
        (Channel.AUDIT_SAMPLE, "source:audit", False),
    ],
)
def test_only_what_programs_see_is_grouped(channel: Channel, source: str, *, grouped: bool) -> None:
    assert groups(POLICY, channel, source) is grouped


@pytest.mark.parametrize(
    ("after_last", "lasts"),
    [(timedelta(), True), (POLICY.quiet, True), (POLICY.quiet + SECOND, False)],
)
def test_it_is_over_once_it_has_been_quiet(after_last: timedelta, *, lasts: bool) -> None:
    storm = Storm("INC-20260301-parent", NOW, NOW + timedelta(minutes=20))
    assert storm.lasts(POLICY, storm.last_at + after_last) is lasts
    assert not storm.lasts(POLICY, NOW - SECOND)


@pytest.mark.parametrize(
    ("calls", "stands", "where"),
    [
        (True, Stands(storm="S"), Placement(Place.JOIN, incident="S")),
        (True, Stands(storm="S", incident="K"), Placement(Place.JOIN, incident="K")),
        (True, Stands(storm="S", pattern="P"), Placement(Place.JOIN, incident="P")),
        (True, Stands(storm="S", issue="Q"), Placement(Place.JOIN, incident="S")),
        (False, Stands(storm="S"), Placement(Place.NOTE)),
        (False, Stands(storm="S", issue="Q"), Placement(Place.NOTE, issue="Q")),
        (True, Stands(), Placement(Place.OPEN)),
    ],
)
def test_where_a_detection_goes_in_a_storm(*, calls: bool, stands: Stands, where: Placement) -> None:
    assert placed(calls_for_incident=calls, stands=stands) == where
