"""What one request to an AI system tells of whom and what it reached, read from the spans of its trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from andon.domain.affected import NamedRecord
from andon.domain.system import Counting, RecordRule
from andon.domain.trace import Span, is_tool, writes

USERS: Final = ("user.id", "enduser.id", "gen_ai.user.id")
OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion", "gen_ai.response.id", "andon.output.id")
VERSIONS: Final = (
    "gen_ai.agent.version",
    "gen_ai.prompt.version",
    "llm.prompt_template.version",
    "gen_ai.response.model",
    "llm.model_name",
    "service.version",
    "andon.retrieval.index_version",
    "andon.policy.version",
)
"""What is compared to tell a bad version from those before it."""
SOURCES: Final = ("gen_ai.data_source.id", "gen_ai.tool.name")
ARGUMENTS: Final = ("gen_ai.tool.call.arguments", "input.value")
OUTPUT_EVENTS: Final = frozenset({"gen_ai.choice", "gen_ai.assistant.message"})

Version = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What one trace tells."""

    trace_id: str
    at: datetime
    user: str
    segment: str
    version: Version
    answered: bool
    tools: tuple[str, ...]
    written: int
    sources: frozenset[str]
    records: tuple[NamedRecord, ...]

    def runs(self, versions: Iterable[Version]) -> bool:
        """Whether it ran on one of these versions, by what both of them say of theirs.

        A request that was cut short says less than one that was answered.
        """
        mine = dict(self.version)
        for version in versions:
            common = [(name, value) for name, value in version if name in mine]
            if common and all(mine[name] == value for name, value in common):
                return True
        return False


def requests_of(spans: Sequence[Span], counting: Counting) -> list[Request]:
    """Return the requests that spans make, oldest first."""
    ordered = sorted(spans, key=lambda one: (one.trace_id, one.start, one.span_id))
    by_trace = groupby(ordered, key=lambda one: one.trace_id)
    return sorted((_request(trace, list(group), counting) for trace, group in by_trace), key=when)


def when(request: Request) -> tuple[datetime, str]:
    """Return where a request stands among others."""
    return request.at, request.trace_id


def _request(trace_id: str, spans: list[Span], counting: Counting) -> Request:
    ran = {one.span_id for one in spans if is_tool(one.attributes)}
    names = (counting.user,) if counting.user else USERS
    return Request(
        trace_id=trace_id,
        at=spans[0].start,
        user=_first(spans, lambda one: next((one[name] for name in names if name in one), None)),
        segment=_first(spans, lambda one: one.get(counting.segment) if counting.segment else None),
        version=_version(spans),
        answered=any(_answers(one.attributes) for one in spans),
        tools=tuple(
            str(one.attributes.get("gen_ai.tool.name", one.name)) for one in spans if one.span_id in ran
        ),
        written=sum(1 for one in spans if writes(one.attributes) and not ran & {one.span_id, one.parent}),
        sources=frozenset(
            f"{name}={one.attributes[name]}" for one in spans for name in SOURCES if name in one.attributes
        ),
        records=tuple(found for one in spans for found in _records(one, counting.records)),
    )


def _first(spans: Iterable[Span], value: Callable[[Mapping[str, Any]], Any]) -> str:
    return next((str(found) for one in spans if (found := value(one.attributes)) not in (None, "")), "")


def _version(spans: Iterable[Span]) -> Version:
    pairs: set[tuple[str, str]] = set()
    for span in spans:
        resource = span.attributes.get("otel.resource")
        for held in (span.attributes, resource if isinstance(resource, Mapping) else {}):
            pairs |= {(name, str(held[name])) for name in VERSIONS if name in held}
    return tuple(sorted(pairs))


def _answers(attributes: Mapping[str, Any]) -> bool:
    events = attributes.get("otel.events")
    told = (one.get("name") for one in events if isinstance(one, Mapping)) if isinstance(events, list) else ()
    return any(name in attributes for name in OUTPUTS) or bool(OUTPUT_EVENTS & set(told))


def _records(span: Span, rules: Sequence[RecordRule]) -> Iterable[NamedRecord]:
    """Yield the records that a tool's call names; a call that can't be read names none."""
    for rule in rules:
        if not is_tool(span.attributes) or span.attributes.get("gen_ai.tool.name") != rule.tool:
            continue
        given = _arguments(span.attributes)
        name = given.get(rule.argument)
        if isinstance(name, str | int) and str(name).strip():
            after = given.get(rule.after) if rule.after else None
            yield NamedRecord(
                id=str(name).strip()[:200],
                system=rule.system,
                field=rule.field,
                after=None if after is None else str(after)[:2000],
                source=f"trace/{span.trace_id}"[:200],
            )


def _arguments(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    given = next((attributes[name] for name in ARGUMENTS if name in attributes), None)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    return given if isinstance(given, Mapping) else {}
