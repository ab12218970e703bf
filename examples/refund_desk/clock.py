"""The one form in which the refund desk writes down a moment."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Return the present moment in UTC, always of the same length, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def in_utc(written: str) -> str:
    """Return an ISO 8601 time with its zone in the form of `utc_now`.

    Raises:
        ValueError: it is no such time, or it has no zone.
    """
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError(f"{written} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
