"""Times of sources: with a zone or refused; clocks that disagree are shown and set right (EVD-11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.errors import InvalidInputError
from andon.domain.evidence import EvidenceItem
from andon.domain.source_times import clock_told, in_order, read_time, skew_ms, zone_of

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def item(name: str, at: datetime | None, skew: int | None) -> EvidenceItem:
    return EvidenceItem(
        id=name,
        kind="system_log",
        source="logs",
        query="0" * 64,
        captured_at=NINE + timedelta(hours=1),
        source_at=at,
        sha256="0" * 64,
        size_bytes=1,
        content_type="text/plain",
        key=name,
        version_id="",
        locked_until=None,
        collector="logs/1",
        skew_ms=skew,
    )


def test_items_of_sources_whose_clocks_disagree_are_ordered_by_ours_and_say_so() -> None:
    ahead = item("ahead", NINE + timedelta(minutes=5), 5 * 60_000 + 2000)
    level = item("level", NINE, 0)
    unseen = item("unseen", NINE + SECOND, None)
    timeless = item("timeless", None, 90_000)
    placed = in_order([timeless, unseen, level, ahead])
    assert [(one.item.id, one.corrected) for one in placed] == [
        ("ahead", True),
        ("level", False),
        ("unseen", False),
        ("timeless", False),
    ]
    assert placed[0].at == NINE - timedelta(seconds=2)


def test_a_time_without_a_zone_is_refused_unless_one_is_named() -> None:
    with pytest.raises(InvalidInputError, match="without a zone"):
        read_time("2026-11-21T09:00:00")
    assert read_time("2026-11-21T10:00:00", zone_of("Europe/Berlin")) == NINE
    assert read_time("2026-11-21T10:00:00+01:00", zone_of("America/New_York")) == NINE


@pytest.mark.parametrize("text", ["", "yesterday", "09:00", "1763715600"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_time(text)


@given(st.integers(-86_400_000, 86_400_000), st.integers(0, 5_000), st.floats(0, 1))
def test_a_clock_is_never_called_off_by_more_than_the_way_there_could_explain(
    truly: int, travelled: int, share: float
) -> None:
    """Whatever share of the time was spent on the way there, and with seconds cut off."""
    received = NINE + timedelta(milliseconds=travelled)
    theirs = NINE + timedelta(milliseconds=travelled * share) + timedelta(milliseconds=truly)
    told = skew_ms(theirs.replace(microsecond=0), NINE, received, SECOND)
    assert abs(told - truly) <= travelled / 2 + 500 + travelled / 2 + 501
    if truly == 0:
        assert told == 0


@pytest.mark.parametrize(
    ("skew", "told"),
    [
        (None, ""),
        (0, ""),
        (1500, "clock 1.5 s ahead, set right here"),
        (-302_000, "clock 0:05:02 behind, set right here"),
    ],
)
def test_how_far_a_clock_was_off_is_said_in_words(skew: int | None, told: str) -> None:
    assert clock_told(skew) == told
