"""Which fields of evidence are kept at all: what nobody needs is counted, and never stored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from andon.domain import trace_names

LEFT_OUT: Final = "andon.left_out"
"""Field of an item that names what was left out of it, and how often."""

_KNOWN: Final = trace_names.EVENTS.keys() | trace_names.CONTEXT
_WITHIN: Final = ("otel.events", "otel.logs")
NAMES_AT_MOST: Final = 50
NAME_AT_MOST: Final = 80

CONTEXT: Final = (
    "gen_ai.*",
    "llm.*",
    "otel.*",
    "andon.*",
    "openinference.*",
    "traceloop.*",
    "feature_flag.*",
    "error.*",
    "exception.type",
    "service.*",
    "deployment.*",
    "telemetry.sdk.*",
    "http.response.status_code",
    "http.request.method",
    "server.address",
)
"""Attributes without which the rest can't be read, and names of the conventions that are still new."""


@lru_cache(maxsize=512)
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    each = (".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns)
    return re.compile("|".join(f"(?:{one})" for one in each) or r"(?!)", re.DOTALL)


@dataclass
class Minimal:
    """Keeps the fields that match; without patterns of one's own, spans keep what the table of names has.

    A pattern is a field's name, with `*` for anything; of nested fields the path with dots, and a
    pattern for a field keeps all within it. In traces the names are those of attributes.
    """

    patterns: Sequence[str] | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, value: Any) -> Any:
        """Return a JSON document without what is not kept."""
        if isinstance(value, Mapping) and _traced(value):
            kept: Any = {**value, "spans": [self._span(one) for one in value["spans"]]}
        elif self.patterns is None:
            return value
        else:
            kept = self._fields(value, "")
        if self.left_out and isinstance(kept, dict):
            kept[LEFT_OUT] = self._named()
        return kept

    def _span(self, span: Any) -> Any:
        if not isinstance(span, Mapping) or not isinstance(span.get("attributes"), Mapping):
            return span
        return {**span, "attributes": self._attributes(span["attributes"])}

    def _attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in attributes.items():
            if not self._keeps_attribute(name):
                self.left_out[name] += 1
            elif name in _WITHIN and isinstance(value, list):
                kept[name] = [self._event(one) for one in value]
            else:
                kept[name] = value
        return kept

    def _event(self, event: Any) -> Any:
        if not isinstance(event, Mapping) or not isinstance(event.get("attributes"), Mapping):
            return event
        if self.patterns is None and event.get("name") in trace_names.EVENTS:
            return event
        return {**event, "attributes": self._attributes(event["attributes"])}

    def _keeps_attribute(self, name: str) -> bool:
        if _expression(CONTEXT).fullmatch(name):
            return True
        if self.patterns is not None:
            return self._matches(name)
        return trace_names.kind_of(name) is not None or name in _KNOWN

    def _fields(self, value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [self._fields(one, path) for one in value]
        if not isinstance(value, Mapping):
            return value
        kept: dict[str, Any] = {}
        for name, inner in value.items():
            where = f"{path}.{name}" if path else str(name)
            if self._matches(where):
                kept[name] = inner
            elif isinstance(inner, Mapping | list) and inner:
                within = self._fields(inner, where)
                if _holds_any(within):
                    kept[name] = within
            else:
                self.left_out[where] += 1
        return kept

    def _matches(self, name: str) -> bool:
        return _expression(tuple(self.patterns or ())).fullmatch(name) is not None

    def _named(self) -> dict[str, int]:
        most = self.left_out.most_common(NAMES_AT_MOST)
        named: Counter[str] = Counter()
        for name, count in most:
            named[name[:NAME_AT_MOST]] += count
        others = self.left_out.total() - named.total()
        return dict(sorted(named.items())) | ({"others": others} if others else {})


def _traced(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("spans"), list) and any(
        isinstance(one, Mapping) and "attributes" in one for one in value["spans"]
    )


def _holds_any(value: Any) -> bool:
    """Whether anything was kept within a nested field; scalars of a list have no name of their own."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(_holds_any(one) for one in value)
