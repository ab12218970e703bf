"""One output, whole: the steps of its trace as one tree, with what is missing named where it should be.

Order comes from who called whom first, and from clocks only among steps with the same caller: two
machines need not agree what time it is. Where their clocks contradict the order, the difference is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from andon.domain.trace import SPANS_AT_MOST, Span
from andon.domain.trace_links import LinkSeen, Missing, links_of, missing_of
from andon.domain.trace_names import OUTPUT_IDS
from andon.domain.trace_steps import Step, step_of, steps_within
from andon.domain.values import Frozen

DEPTH_AT_MOST: Final = 64
"""Deeper steps are shown at this depth: a trace is sent by the application, and may be made up."""

ROUNDING_MS: Final = 2
"""Smaller contradictions are rounding, not clocks."""


class TraceTree(Frozen):
    """A trace as people read it: steps in order with their depth, the chain of links, what is missing."""

    trace_id: str
    asked: str = Field(description="the id that was asked for: of the trace or of one output")
    steps: tuple[Step, ...]
    links: tuple[LinkSeen, ...]
    missing: tuple[Missing, ...]
    skew_ms: int = Field(0, description="the largest disagreement of two clocks that the order shows")
    more: int = Field(0, description="spans beyond what is shown")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A span where it belongs."""

    span: Span
    depth: int
    ahead: timedelta
    """By how much its clock must be set forward to come after its caller."""

    lost: bool
    """Whether what called it was named and not seen."""


def trace_tree(trace_id: str, spans: Sequence[Span], *, asked: str = "") -> TraceTree:
    """Return the tree of one trace; spans of other traces are left out.

    Args:
        trace_id: the trace.
        spans: in any order.
        asked: the id of an output, if one was asked for; its step is marked.
    """
    own = {span.span_id: span for span in spans if span.trace_id == trace_id}
    kept = dict(list(own.items())[:SPANS_AT_MOST])
    placed = list(_in_order(kept))
    steps = tuple(_marked(step, asked) for one in placed for step in _steps(one))
    lost = tuple(one.span.span_id for one in placed if one.lost)
    return TraceTree(
        trace_id=trace_id,
        asked=asked or trace_id,
        steps=steps,
        links=links_of(steps),
        missing=missing_of(steps, lost),
        skew_ms=max((step.skew_ms for step in steps), key=abs, default=0),
        more=len(own) - len(kept),
    )


def _steps(one: _Placed) -> Iterator[Step]:
    depth = min(one.depth, DEPTH_AT_MOST)
    yield step_of(one.span, depth=depth, skew_ms=_skew(one))
    yield from steps_within(one.span, depth=min(depth + 1, DEPTH_AT_MOST))


def _marked(step: Step, asked: str) -> Step:
    named = {step.facts.get(name) for name in OUTPUT_IDS}
    return step.model_copy(update={"asked": True}) if asked and asked in named else step


def _in_order(spans: dict[str, Span]) -> Iterator[_Placed]:
    """Yield each span once, callers before what they called."""
    children: dict[str, list[Span]] = {}
    for span in spans.values():
        if span.parent in spans:
            children.setdefault(span.parent or "", []).append(span)
    left = dict(spans)
    while left:
        tops = [one for one in left.values() if one.parent not in spans]
        # Spans that name each other as callers have no top: the earliest stands for one.
        chosen = tops or [min(left.values(), key=_began)]
        waiting = [
            _Placed(one, 0, timedelta(), one.parent is not None) for one in _by_time(chosen, timedelta())
        ]
        waiting.reverse()
        while waiting:
            placed = waiting.pop()
            if left.pop(placed.span.span_id, None) is None:
                continue
            yield placed
            below = children.get(placed.span.span_id, [])
            waiting += reversed([_below(placed, one) for one in _by_time(below, placed.ahead)])


def _below(caller: _Placed, span: Span) -> _Placed:
    """Place a span under its caller, its clock set forward if it would have begun before it."""
    began = caller.span.start + caller.ahead
    behind = max(began - (span.start + caller.ahead), timedelta())
    # One service has one clock; another's is taken to be right until the order says otherwise.
    ahead = caller.ahead if span.service == caller.span.service else timedelta()
    if span.service != caller.span.service:
        behind = max(began - span.start, timedelta())
    return _Placed(span, caller.depth + 1, ahead + behind, lost=False)


def _by_time(spans: Sequence[Span], ahead: timedelta) -> list[Span]:
    return sorted(spans, key=lambda one: (one.start + ahead, one.span_id))


def _began(span: Span) -> tuple[datetime, str]:
    return span.start, span.span_id


def _skew(one: _Placed) -> int:
    behind = round(one.ahead / timedelta(milliseconds=1))
    if behind > ROUNDING_MS:
        return -behind
    received = one.span.received_at
    if received is None or one.span.end <= received:
        return 0
    before = round((one.span.end - received) / timedelta(milliseconds=1))
    return before if before > ROUNDING_MS else 0
