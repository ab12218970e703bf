"""Which pages live, what makes them change, and how many readers spread what they fetch."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files

import pytest

from andon.console.live_rules import AT_ONCE, LONGEST_SECONDS, SHARE, place_of, spread_seconds, token_of
from andon.console.screens.moments import SOON
from andon.register.touched import LISTS

INCIDENT = "INC-20260302-a1b2c3"


@pytest.mark.parametrize(
    "below", ["", "/decisions/triage-1", "/tasks/look_back-1", "/timeline", "/evidence", "/reach", "/known"]
)
def test_what_belongs_to_an_incident_changes_with_that_incident_only(below: str) -> None:
    place = place_of(f"/incidents/{INCIDENT}{below}")
    assert place is not None
    assert (place.subject, place.holds) == (INCIDENT, False)


@pytest.mark.parametrize("path", ["/", "/incidents", "/quality", "/quality/QI-20260302-000001", "/changes"])
def test_a_list_changes_with_anything_that_lists_show(path: str) -> None:
    place = place_of(path)
    assert place is not None
    assert (place.subject, place.holds) == (LISTS, False)


@pytest.mark.parametrize("path", ["/systems", "/systems/refund_desk", "/stop", f"/stop/{INCIDENT}"])
def test_what_shows_levers_changes_with_every_hold_too(path: str) -> None:
    place = place_of(path)
    assert place is not None
    assert (place.subject, place.holds) == (LISTS, True)


@pytest.mark.parametrize(
    "path",
    [
        f"/incidents/{INCIDENT}/evidence/{'0' * 64}",
        f"/incidents/{INCIDENT}/traces/{'0' * 32}",
        f"/incidents/{INCIDENT}/affected",
        f"/incidents/{INCIDENT}/file",
        f"/incidents/{INCIDENT}/replay",
        f"/incidents/{INCIDENT}x",
        "/incidents/INC-1/../../etc",
        "/report",
        "/me/keys",
        "/quarterly",
        "/v1/incidents",
        "//elsewhere.example/incidents",
        "",
    ],
)
def test_what_is_read_on_record_or_only_filled_in_never_lives(path: str) -> None:
    assert place_of(path) is None


def test_a_page_asked_for_with_what_is_looked_at_on_record_does_not_live() -> None:
    page = f"/incidents/{INCIDENT}/decisions/restart-1"
    assert place_of(page, ["text"]) is None
    assert place_of(page, ["propose"]) is not None


def test_pages_of_one_kind_share_what_they_are_known_to_cost() -> None:
    one = place_of(f"/incidents/{INCIDENT}/decisions/triage-1")
    other = place_of(f"/incidents/{INCIDENT[:-1]}4/decisions/restart-1")
    assert one is not None
    assert other is not None
    assert one.kind == other.kind
    assert one.subject != other.subject


def test_any_other_state_has_another_token() -> None:
    assert len({token_of(1, None), token_of(2, None), token_of(1, 0), token_of(1, 1), ""}) == 5
    assert token_of(11, 1) != token_of(1, 11)


def test_a_few_readers_fetch_at_once_and_many_take_turns() -> None:
    assert [spread_seconds(count, 0.05) for count in (0, 1, AT_ONCE)] == [0, 0, 0]
    assert 0 < spread_seconds(AT_ONCE + 1, 0.05) < spread_seconds(50, 0.05) < spread_seconds(60, 0.05)


def test_what_many_fetch_takes_no_more_than_its_share_of_a_processor() -> None:
    for cost in (0.005, 0.02, 0.05):
        spread = spread_seconds(60, cost)
        assert (60 - AT_ONCE) * cost / spread == pytest.approx(SHARE)


def test_nobody_waits_for_ever() -> None:
    assert spread_seconds(10_000, 1.0) == LONGEST_SECONDS


def test_the_script_and_the_server_call_the_same_time_soon() -> None:
    script = files("andon.console").joinpath("static/clocks.js").read_text()
    found = re.search(r"const soon = (\d+);", script)
    assert found is not None
    assert timedelta(seconds=int(found[1])) == SOON
