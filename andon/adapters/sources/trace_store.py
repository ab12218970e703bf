"""What holds for every trace store: traces by id or window, made into items by the one table of names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from andon.adapters.options import Option
from andon.adapters.sources.asking import Asking
from andon.adapters.sources.genai import by_trace, items_of
from andon.adapters.sources.kinds import SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import SourceEntry
from andon.domain.trace import Span
from andon.domain.trace_names import KINDS
from andon.ports import Captured

SUPPLIES: Final = KINDS
TRACES_AT_MOST: Final = 20
"""Newest traces of the window that are kept when the detection names none."""

SPANS_AT_ONCE: Final = 500
URL: Final = Option("address of the server, as `https://traces.example`", needed=True)
SECRET: Final = Option("name of a secret, sent as bearer token; one with a colon as name and password")


@dataclass(frozen=True, slots=True)
class Fetched:
    """Spans as a store gave them, and where they lay."""

    spans: list[Span]
    origin: str
    skew_ms: int | None


class TraceStore(Protocol):
    """One vendor's way of giving traces."""

    def traces(self, query: EvidenceQuery) -> AsyncIterator[Fetched]:
        """Yield the traces that the query names, or the newest of its window."""


class TraceSource:
    """Turns a store's traces into items of the kinds its entry names."""

    version = "1"

    def __init__(self, entry: SourceEntry, store: TraceStore) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._store = store

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield one item for each kind and trace, and each trace whole."""
        async for fetched in self._store.traces(query):
            for trace_id, spans in by_trace(fetched.spans):
                for item in items_of(trace_id, spans):
                    if item.kind in self.supplies:
                        yield item.model_copy(update={"origin": fetched.origin, "skew_ms": fetched.skew_ms})


class StoreAddress:
    """A trace server's address, and calls to it."""

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.source = entry.id
        self.asking = Asking(entry, means)
        self._url = entry.options["url"].rstrip("/")

    def url(self, path: str, **parameters: str | int) -> str:
        """Return the address of one call."""
        asked = f"?{urlencode(parameters)}" if parameters else ""
        return f"{self._url}{path}{asked}"

    def refused(self, detail: str) -> SourceError:
        """Return the error for an answer that is not what the vendor documents."""
        return SourceError(self.source, GapReason.REFUSED, detail)


def from_nanos(value: Any) -> datetime:
    """Return a time in nanoseconds since 1970, as a number or as text.

    Raises:
        ValueError: it is none.
    """
    nanos = int(value)
    if nanos <= 0:
        raise ValueError("no time")
    return datetime.fromtimestamp(nanos // 10**9, UTC).replace(microsecond=nanos % 10**9 // 1000)


def from_iso(value: Any) -> datetime:
    """Return an ISO 8601 time with its zone.

    Raises:
        ValueError: it is none, or has no zone.
    """
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


def plain_attributes(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return attributes that stand in OTLP's JSON form as names and values."""
    return {str(one["key"]): _plain(one.get("value") or {}) for one in found}


def _plain(value: Mapping[str, Any]) -> Any:
    for name, held in value.items():
        if name in ("arrayValue", "array_value"):
            return [_plain(one) for one in held.get("values", [])]
        if name in ("kvlistValue", "kvlist_value"):
            return plain_attributes(held.get("values", []))
        if name in ("intValue", "int_value"):
            return int(held)
        return held
    return None


def named(value: Any) -> Any:
    """Return what an attribute holds, read if it is JSON text of a list, an object or a quoted word."""
    if not isinstance(value, str) or value[:1] not in ('"', "[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def checked(entry: SourceEntry) -> None:
    """Refuse an address that can't be one."""
    if "{" in entry.options["url"] or "?" in entry.options["url"]:
        raise InvalidInputError(
            f"source {entry.id}: url is the address of the server, with nothing to fill in"
        )


def newest(spans: list[Span]) -> list[Span]:
    """Return the spans of the traces that began last."""
    began: dict[str, datetime] = {}
    for span in spans:
        began[span.trace_id] = min(span.start, began.get(span.trace_id, span.start))
    kept = set(sorted(began, key=lambda trace: began[trace])[-TRACES_AT_MOST:])
    return [span for span in spans if span.trace_id in kept]
