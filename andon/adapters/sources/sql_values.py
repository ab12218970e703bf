"""Values of databases: as JSON can hold them, and as moments with a zone."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from andon.domain.errors import InvalidInputError
from andon.domain.source_times import read_time, with_zone


def written(value: Any) -> bytes:
    """Return JSON of values that `plain` gave."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def told(at: datetime, form: str) -> Any:
    """Return a moment as it is bound: `native`, `epoch` or `iso`."""
    if form == "native":
        return at.astimezone(UTC)
    if form == "epoch":
        return at.timestamp()
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant_of(value: Any, zone: ZoneInfo | None) -> datetime:
    """Return what a column holds as a moment.

    Raises:
        InvalidInputError: it holds none, or one without a zone where the file names none.
    """
    if isinstance(value, datetime):
        return with_zone(value, zone)
    if isinstance(value, str):
        return read_time(value, zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    raise InvalidInputError("holds no time")


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: str,
    UUID: str,
    bytes: lambda value: {"base64": base64.b64encode(value).decode()},
    memoryview: lambda value: {"base64": base64.b64encode(bytes(value)).decode()},
    timedelta: timedelta.total_seconds,
}


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers without rounding, bytes as base64, the rest as its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    return _PLAIN.get(type(value), str)(value)
