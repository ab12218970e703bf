"""What holds of deadlines whatever the term, the moment and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from andon.domain.business_time import BusinessCalendar, Term, due_at

SPANS = st.timedeltas(timedelta(microseconds=1), timedelta(days=3650))
COUNTS = st.integers(1, 40)
LIMITS = st.none() | SPANS
TERMS = st.one_of(
    st.builds(Term, elapsed=SPANS),
    st.builds(Term, business_hours=COUNTS, at_most=LIMITS),
    st.builds(Term, business_days=st.integers(0, 40), at_most=LIMITS),
)
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(days=-3), timedelta(days=60)).map(lambda span: START + span)


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    """Any hours on any days, some back to back, from 23 November 2026 on."""
    minutes = st.tuples(st.integers(0, 4000), st.integers(1, 1440))
    steps = draw(st.lists(minutes, min_size=1, max_size=30))
    reached = list(accumulate(minute for step in steps for minute in step))
    moments = [START + timedelta(minutes=minute) for minute in reached]
    days = tuple(zip(moments[::2], moments[1::2], strict=True))
    return BusinessCalendar(zone="UTC", country="", open=days)


@given(TERMS)
def test_any_term_survives_being_written(one: Term) -> None:
    assert Term.model_validate_json(one.model_dump_json(), strict=True) == one


@given(calendars())
def test_any_calendar_survives_being_written(one: BusinessCalendar) -> None:
    assert BusinessCalendar.model_validate_json(one.model_dump_json(), strict=True) == one


@given(TERMS, MOMENTS, calendars())
def test_a_deadline_is_never_before_its_beginning(one: Term, at: datetime, known: BusinessCalendar) -> None:
    assert due_at(one, at, known) > at


@given(TERMS, MOMENTS, MOMENTS, calendars())
def test_what_begins_later_is_never_due_earlier(
    one: Term, at: datetime, later: datetime, known: BusinessCalendar
) -> None:
    assert due_at(one, min(at, later), known) <= due_at(one, max(at, later), known)


@given(SPANS, MOMENTS, calendars() | st.none())
def test_elapsed_terms_are_exact(span: timedelta, at: datetime, known: BusinessCalendar | None) -> None:
    assert due_at(Term(elapsed=span), at, known) - at == span


@given(TERMS, MOMENTS, calendars())
def test_a_limit_is_never_exceeded(one: Term, at: datetime, known: BusinessCalendar) -> None:
    assert one.at_most is None or due_at(one, at, known) <= at + one.at_most


@given(MOMENTS, calendars(), COUNTS)
def test_business_days_end_when_a_covered_day_closes(
    at: datetime, known: BusinessCalendar, count: int
) -> None:
    due = due_at(Term(business_days=count), at, known)
    closes = [day[1] for day in known.open]
    assert due in closes or due > closes[-1] or at < known.open[0][0]


@given(MOMENTS, calendars(), COUNTS)
def test_business_hours_leave_exactly_as_much_open_time_behind(
    at: datetime, known: BusinessCalendar, count: int
) -> None:
    due = due_at(Term(business_hours=count), at, known)
    spent = sum(
        (max(timedelta(0), min(due, closes) - max(at, opens)) for opens, closes in known.open), timedelta(0)
    )
    if known.covers(at) and due <= known.open[-1][1]:
        assert spent == timedelta(hours=count)


@given(st.integers(1, 40) | st.none(), st.integers(0, 10), MOMENTS)
def test_a_calendar_that_ends_sooner_never_gives_a_later_deadline(
    hours: int | None, count: int, at: datetime
) -> None:
    # Eight hours a day; what is cut off still lies after `at`, as it does for any incident under way.
    whole = BusinessCalendar(
        zone="UTC",
        country="",
        open=tuple(
            (START + timedelta(days=day), START + timedelta(days=day, hours=8))
            for day in range(120)
            if day % 7 < 5
        ),
    )
    kept = (
        tuple(day for day in whole.open if day[0] < at) + tuple(day for day in whole.open if day[0] >= at)[:2]
    )
    short = whole.model_copy(update={"open": kept})
    one = Term(business_hours=hours) if hours else Term(business_days=count)
    assert due_at(one, at, short) <= due_at(one, at, whole)
