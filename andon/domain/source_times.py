"""Times as evidence sources tell them: with a zone or refused, and against our own clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from andon.domain.errors import InvalidInputError
from andon.domain.evidence import EvidenceItem
from andon.domain.values import Frozen, Instant


def zone_of(name: str) -> ZoneInfo | None:
    """Return an IANA zone; None for no name.

    Raises:
        InvalidInputError: there is no such zone.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"there is no time zone {name!r}: use a name as Europe/Berlin") from error


def with_zone(time: datetime, zone: ZoneInfo | None) -> datetime:
    """Return a time in UTC; one without a zone is of the zone that the file names.

    Raises:
        InvalidInputError: neither says which zone it is of.
    """
    if time.tzinfo is None:
        if zone is None:
            raise InvalidInputError("a time without a zone: name the zone in option zone")
        time = time.replace(tzinfo=zone)
    return time.astimezone(UTC)


def read_time(text: str, zone: ZoneInfo | None = None) -> datetime:
    """Read an ISO 8601 time.

    Raises:
        InvalidInputError: it is none, or says no zone where the file names none.
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError("not an ISO 8601 time") from error
    return with_zone(time, zone)


def skew_ms(theirs: datetime, sent: datetime, received: datetime, resolution: timedelta) -> int:
    """Return by how much the source's clock is ahead of ours; 0 where it can't be told from none.

    Args:
        theirs: what it said, cut down to `resolution`.
        sent: by our clock, when it was asked.
        received: by our clock, when it had answered.
        resolution: the smallest step of what it says.
    """
    travelled = (received - sent) / 2
    ahead = theirs + resolution / 2 - (sent + travelled)
    if abs(ahead) <= travelled + resolution / 2:
        return 0
    return round(ahead / timedelta(milliseconds=1))


def clock_told(skew: int | None) -> str:
    """Say how far a source's clock was off; nothing where it was not, or nobody saw."""
    if not skew:
        return ""
    seconds = abs(skew) / 1000
    amount = f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
    return f"clock {amount} {'ahead' if skew > 0 else 'behind'}, set right here"


class Placed(Frozen):
    """An item on the time line of its incident."""

    item: EvidenceItem
    at: Instant
    """By our clock: the source's own time, set right by its skew, or else when it was captured."""
    corrected: bool
    """Whether the source's clock differed and was set right."""


def in_order(items: Iterable[EvidenceItem]) -> tuple[Placed, ...]:
    """Order items from sources whose clocks disagree by when they came about on ours."""
    return tuple(sorted(map(_placed, items), key=attrgetter("at", "item.id")))


def _placed(item: EvidenceItem) -> Placed:
    at = item.source_at or item.captured_at
    skew = item.skew_ms or 0
    if item.source_at is not None and skew:
        return Placed(item=item, at=at - timedelta(milliseconds=skew), corrected=True)
    return Placed(item=item, at=at, corrected=False)
