"""Lines of a log within a window, by the time in each; one without a time goes with the line before it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from andon.domain.errors import InvalidInputError
from andon.domain.source_times import read_time

MOST_LINE: Final = 1024 * 1024
"""Longest line; what is longer is cut into several."""

WHOLE: Final = "whole"
"""Takes files as they are, by when they were changed."""

TimeOf = Callable[[bytes], datetime | None]
"""Returns the time of a line; None: it has none. Raises `InvalidInputError` for one without a zone."""

_ISO: Final = re.compile(rb"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)")
_EPOCH: Final = re.compile(rb"\[?(\d{9,11}(?:\.\d+)?)\b")
_CLF: Final = re.compile(rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
_CLF_FORM: Final = "%d/%b/%Y:%H:%M:%S %z"
_FORMS: Final = ("iso", "epoch", "clf", "json.FIELD", WHOLE)


def time_of(form: str, zone: ZoneInfo | None) -> TimeOf:
    """Return what reads the times of a named form.

    Raises:
        InvalidInputError: there is no such form.
    """
    if form == "iso":
        return lambda line: _iso(line, zone)
    if form == "epoch":
        return _epoch
    if form == "clf":
        return _clf
    if form.startswith("json.") and len(form) > 5:
        return lambda line: _of_json(line, form[5:], zone)
    raise InvalidInputError(f"there is no time form {form!r}; use one of: {', '.join(_FORMS)}")


def _iso(line: bytes, zone: ZoneInfo | None) -> datetime | None:
    found = _ISO.match(line)
    if found is None:
        return None
    told = found[1].decode().replace(",", ".")
    return read_time(re.sub(r"(\.\d{6})\d+", r"\1", told), zone)


def _epoch(line: bytes) -> datetime | None:
    found = _EPOCH.match(line)
    return datetime.fromtimestamp(float(found[1]), UTC) if found else None


def _clf(line: bytes) -> datetime | None:
    found = _CLF.search(line)
    return datetime.strptime(found[1].decode(), _CLF_FORM).astimezone(UTC) if found else None


def _of_json(line: bytes, field: str, zone: ZoneInfo | None) -> datetime | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    for name in field.split("."):
        told = told.get(name) if isinstance(told, dict) else None
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        return datetime.fromtimestamp(told, UTC)
    return read_time(told, zone) if isinstance(told, str) else None


def within(
    lines: Iterable[bytes], read: TimeOf, since: datetime, until: datetime
) -> Iterator[tuple[bytes, datetime | None]]:
    """Yield the lines of a window, each with its own time if it has one."""
    inside = False
    for line in lines:
        at = read(line)
        if at is not None:
            inside = since <= at <= until
        if inside:
            yield line, at
