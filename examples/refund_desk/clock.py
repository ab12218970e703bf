"""The one form in which the refund desk writes down a moment."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Return the present moment in UTC, always of the same length, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
