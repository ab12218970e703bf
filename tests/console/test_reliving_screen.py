"""The slider's page, told from moments alone: marks, clocks as they stood then, and what is new."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from andon.console.screens.reliving import MARKS_AT_MOST, reliving_screen
from andon.console.screens.then import then_box
from andon.domain.directory import Role
from andon.domain.ledger import Entry, Kind
from andon.domain.relived import Line, Moment, OrderThen, QuestionThen, RunThen
from tests.domain.test_relived import INCIDENT, START, entries, moment

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=ZoneInfo("Europe/Berlin"))
WRAPPED = 'Failure { message: "[TMPRL1100] Nondeterminism error: no timer here", source: "" }'
TRIAGE = QuestionThen(kind="triage", deadline=START + timedelta(minutes=30), roles=(Role.RESPONDER,))


def line(*moments: Moment, **fields: Any) -> Line:
    run = RunThen(
        workflow="incident/x",
        run="abc",
        began_at=START,
        events=9,
        began="reset",
        problem=fields.pop("problem", None),
    )
    told: dict[str, Any] = {"departs_at": None, "untold": (), "source": "temporal", **fields}
    return Line(moments=moments, runs=(run,), recorded_by=("old",), replayed_by="new", **told)


def of_kind(number: int, kind: str, **fields: Any) -> Entry:
    return entries(number + 1)[number].model_copy(update={"kind": kind, **fields})


def test_a_clock_reads_as_it_stood_then_in_the_readers_zone() -> None:
    early = moment(of_kind(0, Kind.INCIDENT_OPENED), open={"triage-1": TRIAGE})
    (asked,) = then_box("INC-1", early, None, NOW).asked
    assert asked.clock is not None
    assert asked.clock.text == "30 min left"
    assert "10:30:00 CET" in asked.clock.moment.text
    late = early.model_copy(update={"at": START + timedelta(hours=2)})
    (asked,) = then_box("INC-1", late, early, NOW).asked
    assert asked.clock is not None
    assert (asked.clock.state, asked.clock.text) == ("over", "1 h 30 min over time")


def test_what_is_new_and_what_is_another_are_marked_in_words() -> None:
    order = OrderThen(state="requested", lever="desk.refunds", verb="disable_tool", target="refund")
    before = moment(
        of_kind(0, Kind.INCIDENT_OPENED), orders={"i/order/1": order}, told={"legal": ("question a-1",)}
    )
    after = moment(
        of_kind(1, Kind.CONTAINED),
        contained=True,
        severity="critical",
        orders={"i/order/1": order.model_copy(update={"state": "proven"})},
        facts={"root_cause": "data_drift"},
        told={"legal": ("question a-1", "question b-1")},
        knew={"lou.legal": ("said send_it to a-1",)},
    )
    box = then_box("INC-1", after, before, NOW)
    assert box.containment.text == "Contained and proven"
    assert [(one.state and one.state.text, one.change and one.change.text) for one in box.orders] == [
        ("proven", "changed")
    ]
    assert [(one.text, one.change and one.change.text) for one in box.facts] == [("data drift", "new")]
    assert box.told[0].what == (("asked: a-1", False), ("asked: b-1", True))
    assert box.knew[0].what == (("said “send it” to a-1", True),)
    assert set(box.changes) == {
        "Severity: critical, was high",
        "Contained and proven: yes, was no",
        "Order 1: proven, was requested",
        "Root cause: data drift",
        "Told legal: asked: b-1",
        "lou.legal: said “send it” to a-1",
    }


def test_hostile_codes_are_made_visible() -> None:
    box = then_box("INC-1", moment(of_kind(0, "x\x1b[31m"), facts={"a": "\u202eevil"}), None, NOW)
    assert "\x1b" not in box.made[0].what
    assert "\u202e" not in box.facts[0].text


def test_marks_lie_where_their_moments_are_and_containment_is_a_band() -> None:
    moments = (
        moment(of_kind(0, Kind.INCIDENT_OPENED)),
        moment(of_kind(1, Kind.CONTAINED), contained=True),
        moment(of_kind(2, Kind.ESCALATED), contained=True),
        moment(of_kind(3, Kind.DEADLINE_BREACHED)),
        moment(of_kind(4, Kind.DECISION_SETTLED)),
    )
    screen = reliving_screen(INCIDENT, line(*moments), moments[2], NOW)
    assert {(one.x, one.lane) for one in screen.slider.ticks} == {
        (250, "held"),
        (500, "raised"),
        (750, "late"),
        (1000, "decided"),
    }
    assert [(one.x, one.width) for one in screen.slider.bands] == [(250, 500)]
    assert screen.slider.x == 500
    assert screen.slider.previous is not None
    assert (screen.slider.previous.name, screen.slider.place) == ("1", 3)
    assert screen.words.startswith("Moment 3 of 5, 21 Nov 2026, 10:02:00 CET")
    assert [one.name for one in screen.slider.stops if one.here] == ["2"]


def test_a_very_long_incident_lists_its_first_and_last_marks() -> None:
    moments = tuple(moment(of_kind(number, Kind.ESCALATED)) for number in range(MARKS_AT_MOST + 40))
    slider = reliving_screen(INCIDENT, line(*moments), moments[90], NOW).slider
    assert slider.more == 39
    assert len(slider.stops) == MARKS_AT_MOST + 1
    assert slider.stops[0].place == 1
    assert slider.stops[-1].place == len(moments)


def test_a_replay_that_does_not_fit_names_its_entry_its_run_and_why() -> None:
    first = moment(of_kind(0, Kind.INCIDENT_OPENED))
    box = reliving_screen(
        INCIDENT, line(first, departs_at=7, problem=WRAPPED, untold=((7, 9),)), first, NOW
    ).replay
    assert (box.fits, box.departs_at, box.untold) == (False, 7, ("entries 7 to 9",))
    assert box.runs[0].problem == "Nondeterminism error: no timer here"
    assert box.runs[0].began == "was reset, and went on from there"
    assert not box.same


def test_before_anything_had_happened_there_is_no_moment() -> None:
    first = moment(of_kind(0, Kind.INCIDENT_OPENED))
    screen = reliving_screen(INCIDENT, line(first), None, NOW)
    assert screen.then is None
    assert screen.words == "Nothing had happened yet"
    assert screen.slider.previous is None
    assert screen.slider.next is not None


def test_where_the_page_is_there_already_only_the_moment_is_made() -> None:
    moments = (moment(of_kind(0, Kind.INCIDENT_OPENED)), moment(of_kind(1, Kind.CONTAINED), contained=True))
    screen = reliving_screen(INCIDENT, line(*moments), moments[1], NOW, part=True)
    assert (screen.slider.stops, screen.slider.ticks) == ((), ())
    assert (screen.slider.place, screen.slider.x) == (2, 1000)
    assert screen.then is not None
