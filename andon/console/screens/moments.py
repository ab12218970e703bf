"""Times as people read them: in the reader's zone, with the zone named, and how far off.

`now` is the reader's own: its zone is the one in which everything is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from andon.domain.business_time import Term

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
SOON: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment, in three ways."""

    iso: str
    text: str
    away: str
    past: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline: when, how far off, and a word and mark for how pressing it is."""

    moment: Moment
    state: str
    mark: str
    text: str


def moment(at: datetime, now: datetime) -> Moment:
    """Return `at` as people read it at the moment `now`."""
    zone = now.tzinfo or UTC
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    same_day = local.date() == now.date()
    written = local.strftime("%H:%M:%S" if same_day else "%d %b %Y, %H:%M")
    return Moment(
        iso=utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        text=f"{written} {zone_name(local)}",
        away=away(at - now),
        past=at <= now,
    )


def zone_name(at: datetime) -> str:
    """Return the name of a time's zone: `CET`, or `UTC+04` where there is no name."""
    name = at.tzname() or "UTC"
    return f"UTC{name}" if name[:1] in "+-" else name


def zone_key(now: datetime) -> str:
    """Return the name of the reader's zone: `Europe/Berlin`."""
    return str(now.tzinfo or UTC)


def term(given: Term | None) -> str:
    """Return a time to answer as the policy wrote it: `30 min`, `same business day, at most 8 h`."""
    if given is None:
        return ""
    if given.elapsed is not None:
        return lasting(given.elapsed)
    written, _, _ = str(given).partition(", at most ")
    return f"{written}, at most {lasting(given.at_most)}" if given.at_most else written


def maybe(at: datetime | None, now: datetime) -> Moment | None:
    """Return a moment, if there is one."""
    return moment(at, now) if at is not None else None


def away(distance: timedelta) -> str:
    """Say how far off something is: `in 12 min`, `3 h 5 min ago`."""
    seconds = int(distance.total_seconds())
    span = lasting(abs(distance))
    if abs(seconds) < 1:
        return "now"
    return f"in {span}" if seconds > 0 else f"{span} ago"


def lasting(span: timedelta) -> str:
    """Say how long something lasts, in at most two units."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    parts: list[str] = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2])


def clock(deadline: datetime | None, now: datetime) -> Clock | None:
    """Return a deadline as a clock; the word and the mark say what colour alone must not."""
    if deadline is None:
        return None
    at = moment(deadline, now)
    left = deadline - now
    if left <= timedelta(0):
        return Clock(at, "over", "!", f"{lasting(-left)} over time")
    if left <= SOON:
        return Clock(at, "soon", "▲", f"{lasting(left)} left")
    return Clock(at, "calm", "", f"{lasting(left)} left")
