"""How long something may take, and when it is due: in elapsed time, or in the hours somebody works.

Nothing here knows zones or holidays. A `BusinessCalendar` holds business hours as UTC intervals, worked out
by `andon.adapters.calendar` before a workflow starts, so that a replay on another machine finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from andon.domain.errors import InvalidInputError
from andon.domain.values import Carried, Frozen, Instant, Sha256Hex, digest_of

LONGEST: Final = timedelta(days=3650)
"""A term beyond ten years is a slip of the pen."""

REMINDED_FROM: Final = timedelta(minutes=10)
"""In less, a notice half-way comes with the question itself and leaves no time to act on it."""

DAY_WITHOUT_CALENDAR: Final = timedelta(days=1)
"""What a business day counts for where the calendar has run out."""

SAME_DAY_WITHOUT_CALENDAR: Final = timedelta(hours=8)
"""What `same business day` counts for there: a working day, the most that can be left of one."""

_FORMS: Final = (
    "write an elapsed time such as PT30M, PT8H or P1D, or `4 business hours`, `2 business days`, "
    '`same business day`, or one of these with a limit, in quotes: "same business day, at most PT8H"'
)
_SPAN = re.compile(
    r"P(?=[\dT])(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,10}(?:\.\d{1,6})?)S)?)?"
)
_COUNT = re.compile(r"(?P<count>\d{1,4}) business (?P<unit>hour|day)s?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::00)?")
_SAME_DAY: Final = "same business day"
_LIMIT: Final = ", at most "


class Term(Carried):
    """How long something may take; exactly one of the first three is set.

    It is read from and written as a string: `PT30M` (ISO 8601, elapsed), `4 business hours`,
    `2 business days`, `same business day`, and each of the last three with a limit of elapsed time:
    `same business day, at most PT8H`. Months and years are refused: they have no fixed length.
    """

    elapsed: timedelta | None = None
    business_hours: int | None = Field(None, ge=1, le=1000)
    business_days: int | None = Field(None, ge=0, le=1000, description="0: the same business day")
    at_most: timedelta | None = Field(None, description="elapsed time that a business term never exceeds")

    @property
    def business(self) -> bool:
        """Whether it takes a calendar to say when the term ends."""
        return self.elapsed is None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, timedelta):
            return {"elapsed": value}
        if isinstance(value, str):
            return _read_term(value)
        if isinstance(value, dict | Term):
            return value
        raise ValueError(f"{value!r} is no term: {_FORMS}")

    @model_validator(mode="after")
    def _refuse_what_is_no_term(self) -> Self:
        if sum(one is not None for one in (self.elapsed, self.business_hours, self.business_days)) != 1:
            raise ValueError(f"a term is either elapsed, or business hours, or business days: {_FORMS}")
        if self.at_most is not None and not self.business:
            raise ValueError("`at most` limits business time only: write the shorter of the two by itself")
        for span in (self.elapsed, self.at_most):
            if span is not None and not timedelta(0) < span <= LONGEST:
                raise ValueError(f"a term is longer than nothing and at most {LONGEST.days} days: {_FORMS}")
        return self

    @model_serializer(mode="plain")
    def _written(self) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.elapsed is not None:
            return _span_text(self.elapsed)
        limit = _LIMIT + _span_text(self.at_most) if self.at_most else ""
        if self.business_days == 0:
            return _SAME_DAY + limit
        count, unit = (self.business_hours, "hour") if self.business_hours else (self.business_days, "day")
        return f"{count} business {unit}{'' if count == 1 else 's'}{limit}"

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "title": "Term",
            "description": _FORMS,
            "examples": ["PT30M", "4 business hours", "2 business days", "same business day, at most PT8H"],
        }


class Weekday(StrEnum):
    """A day of the week, as it is written in YAML; in the order of `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _clock_time(value: Any) -> Any:
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value)):
        return time(int(found[1]), int(found[2]))
    if isinstance(value, time) and value.tzinfo is None and not (value.second or value.microsecond):
        return value
    # YAML 1.1 reads 17:00 as 1020, which pydantic would take for 1,020 seconds past midnight.
    raise ValueError(f'{value!r} is no time of day: write hours and minutes in quotes, such as "17:00"')


ClockTime = Annotated[time, BeforeValidator(_clock_time), PlainSerializer(lambda at: f"{at:%H:%M}")]
"""A wall-clock time in whole minutes, written `"17:00"`."""


class BusinessHours(Frozen):
    """When people work: the same hours on each of some weekdays, in a zone given elsewhere.

    `closes` at 00:00 is the end of the day. Hours do not run past midnight.
    """

    opens: ClockTime = time(9)
    closes: ClockTime = time(17)
    weekdays: tuple[Weekday, ...] = Field(tuple(Weekday)[:5], min_length=1)

    @model_validator(mode="after")
    def _refuse_hours_that_never_are(self) -> Self:
        if time(0) != self.closes <= self.opens:
            raise ValueError("business hours close after they open, on the same day; 00:00 is its end")
        if len(set(self.weekdays)) < len(self.weekdays):
            raise ValueError("weekdays: one stands twice: keep one")
        return self


class BusinessCalendar(Carried):
    """The business hours of one place, in UTC, over a horizon: one interval is one business day.

    An interval holds its first moment and not its last: a business day is over when its hours close. From
    the first opening to the last close the list is complete. It is written as ISO 8601 intervals
    (`2026-11-23T08:00Z/PT8H`), half the size of pairs, since it lies in the history of every incident.
    """

    zone: str
    country: str = Field(description="whose public holidays are left out; empty: none are")
    region: str = ""
    open: tuple[tuple[Instant, Instant], ...] = Field(min_length=1)

    @field_validator("open", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return _read_intervals(value) if isinstance(value, list | tuple) else value

    @field_validator("open", mode="after")
    @classmethod
    def _refuse_disorder(
        cls, value: tuple[tuple[datetime, datetime], ...]
    ) -> tuple[tuple[datetime, datetime], ...]:
        moments = [moment.astimezone(UTC) for day in value for moment in day]
        days = tuple(zip(moments[::2], moments[1::2], strict=True))
        if any(opens >= closes for opens, closes in days) or moments != sorted(moments):
            raise ValueError("business hours stand in ascending order, and each day closes after it opens")
        return days

    @model_serializer(mode="plain")
    def _written(self) -> dict[str, Any]:
        days = [f"{_instant_text(opens)}/{_span_text(closes - opens)}" for opens, closes in self.open]
        return {"zone": self.zone, "country": self.country, "region": self.region, "open": days}

    def carried(self) -> dict[str, Any]:
        """Return it as a plan carries it: of a day as long as the one before, only the minutes between."""
        days = [f"{_instant_text(opens)}/{_span_text(closes - opens)}" for opens, closes in self.open]
        for number in range(len(self.open) - 1, 0, -1):
            (before, until), (opens, closes) = self.open[number - 1 : number + 1]
            apart, seconds = divmod(opens - before, timedelta(minutes=1))
            if not seconds and closes - opens == until - before:
                days[number] = f"+{apart}"
        return {**self._written(), "open": days}

    def digest(self) -> Sha256Hex:
        """SHA-256 of the calendar as RFC 8785 JSON."""
        return digest_of(self)

    def covers(self, at: Instant) -> bool:
        """Whether the calendar knows which business day `at` belongs to: later ones may still run out."""
        return self.open[0][0] <= at < self.open[-1][1]


def due_at(term: Term, at: Instant, calendar: BusinessCalendar | None) -> Instant:
    """Return when `term` ends if it begins at `at`, in UTC.

    The business day of a moment is the first one that is not over yet: the one it falls in; before opening,
    that of the same day; from closing on, at night, at weekends and on holidays, the next one.

    - Elapsed time is counted in UTC, so a change of clocks neither adds nor takes an hour.
    - `same business day`: the close of the business day of `at`.
    - N business days: the close of the Nth business day after it.
    - N business hours: the first moment by which it has been open that long since `at`.
    - `at most` brings the end forward, never back.

    It is never before `at`, and never earlier for a later `at`.

    Where the calendar has run out, what is still to count is elapsed time from its last close, or from `at`
    if that is later: 24 hours a business day, 8 hours for the same business day, one hour an hour. People
    work less than that, so the deadline comes earlier than a longer calendar would put it. Two cases can be
    later: 24 hours across the night clocks go forward (by that hour), and the same business day of an `at`
    past the last close (by 8 hours at most). An `at` before the first opening has the earlier of two: what
    is counted from the first opening, or elapsed time.

    Raises:
        InvalidInputError: a business term without a calendar, or an `at` without a zone.
    """
    begun = _utc(at)
    if term.elapsed is not None:
        return begun + term.elapsed
    if calendar is None:
        raise InvalidInputError(
            f"{term}: needs a business calendar: give a zone and business hours, or write elapsed time"
        )
    due = _counted(term, begun, calendar.open)
    if begun < calendar.open[0][0]:
        due = min(due, _counted(term, begun, ()))
    return due if term.at_most is None else min(due, begun + term.at_most)


def reminder_at(opened: Instant, deadline: Instant) -> Instant | None:
    """Return when to remind whoever was asked: half of the way. None if the way is under ten minutes."""
    begun, due = _utc(opened), _utc(deadline)
    return begun + (due - begun) / 2 if due - begun >= REMINDED_FROM else None


_Days = tuple[tuple[datetime, datetime], ...]


def _counted(term: Term, at: datetime, days: _Days) -> datetime:
    ahead = tuple(day for day in days if day[1] > at)
    if term.business_hours is not None:
        return _hours_after(timedelta(hours=term.business_hours), at, ahead)
    return _days_after(term.business_days or 0, at, ahead)


def _hours_after(needed: timedelta, at: datetime, ahead: _Days) -> datetime:
    reached = at
    for opens, closes in ahead:
        begins = max(opens, at)
        if begins + needed <= closes:
            return begins + needed
        needed -= closes - begins
        reached = closes
    return reached + needed


def _days_after(count: int, at: datetime, ahead: _Days) -> datetime:
    if count < len(ahead):
        return ahead[count][1]
    if not ahead:
        return at + (count * DAY_WITHOUT_CALENDAR or SAME_DAY_WITHOUT_CALENDAR)
    return ahead[-1][1] + (count - len(ahead) + 1) * DAY_WITHOUT_CALENDAR


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        # `astimezone` would take the zone of the machine.
        raise InvalidInputError(f"{at.isoformat()}: a moment needs its zone, such as +00:00")
    return at.astimezone(UTC)


def _read_term(text: str) -> dict[str, Any]:
    body, limit, most = " ".join(text.split()).partition(_LIMIT)
    found: dict[str, Any] = {"at_most": _read_span(most)} if limit else {}
    if body == _SAME_DAY:
        return {**found, "business_days": 0}
    if counted := _COUNT.fullmatch(body):
        count = int(counted["count"])
        if not count:
            raise ValueError(f"{text!r} is no time at all: {_FORMS}")
        return {**found, f"business_{counted['unit']}s": count}
    return {**found, "elapsed": _read_span(body)}


def _read_span(text: str) -> timedelta:
    if not (found := _SPAN.fullmatch(text)):
        raise ValueError(f"{text[:80]!r} is no term: {_FORMS}")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict("0").items()})


def _span_text(span: timedelta) -> str:
    hours, seconds = divmod(span.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    rest = f"{seconds}.{span.microseconds:06}".rstrip("0") if span.microseconds else f"{seconds or ''}"
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return "P" + (f"{span.days}D" if span.days else "") + (f"T{clock}" if clock else "")


def _read_intervals(values: Sequence[Any]) -> tuple[Any, ...]:
    """Read intervals; `+1440` is one as long as that before it, which it opens so many minutes after."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, str) and value.startswith("+") and found:
            opens, closes = found[-1]
            apart = timedelta(minutes=int(value))
            found.append((opens + apart, closes + apart))
        else:
            found.append(_read_interval(value))
    return tuple(found)


def _read_interval(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    opens, _, length = value.partition("/")
    begun = datetime.fromisoformat(opens)
    return begun, begun + _read_span(length)


def _instant_text(at: datetime) -> str:
    exact = at.isoformat() if at.second or at.microsecond else at.isoformat(timespec="minutes")
    return exact.replace("+00:00", "Z")
