"""The first page, told from what is open: what is over time is said first."""

from __future__ import annotations

from collections.abc import Mapping

from andon.console.models.waiting import OpenNow
from andon.console.screens.now import NowScreen, now_screen
from andon.domain.stage import Stage
from andon.register.incidents import OpenCount
from tests.console.test_incident_screen import incident

CALM, LATE = "INC-20260302-abc123", "INC-20260302-def456"


def now(*, overdue: Mapping[str, int]) -> NowScreen:
    listed = [incident(), incident(id=LATE)]
    counts = [OpenCount(contained=True, containment_required=True, stage=Stage.TRIAGE_CLASSIFY, count=2)]
    found = OpenNow(counts=counts, incidents=listed, asked=(), asked_in_all=0, overdue=overdue)
    return now_screen(found, listed[0].opened_at, linked=True)


def test_a_question_over_time_is_said_under_the_headline_and_its_incident_stands_first() -> None:
    screen = now(overdue={LATE: 1})
    assert (screen.headline, screen.overdue) == ("2 incidents open, none burning", "1 question over time")
    assert [(one.id, one.overdue) for one in screen.incidents] == [(LATE, "1 question over time"), (CALM, "")]


def test_the_line_under_the_headline_does_not_say_it_again() -> None:
    screen = now(overdue={})
    assert (screen.summary, screen.overdue) == ("2 contained and proven.", "")
    assert [one.id for one in screen.incidents] == [CALM, LATE]
