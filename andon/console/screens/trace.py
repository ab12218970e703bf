"""The page of one output: the steps behind it as a tree, and what was not seen where it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.trace import FoundIn, TraceShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, plain
from andon.domain.trace_steps import Step
from andon.domain.trace_tree import TraceTree

DEEPEST: Final = 8
"""Deeper steps are drawn at this depth: a page is only so wide."""

STEPS_AT_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class LinkLine:
    """One link of the chain, and whether it was seen."""

    name: str
    seen: int


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the tree."""

    depth: int
    what: str
    name: str
    service: str
    start: Moment
    lasted_ms: int
    failed: bool
    skew: str
    facts: tuple[tuple[str, str], ...]
    contents: tuple[str, ...]
    missing: tuple[str, ...]
    asked: bool


@dataclass(frozen=True, slots=True)
class TraceScreen:
    """The page of one trace."""

    incident: IncidentLine
    trace_id: str
    asked: str
    preserved: bool
    views: tuple[tuple[str, str], ...]
    """Kinds of evidence with the digest under which each one's redacted view is."""
    links: tuple[LinkLine, ...]
    missing: tuple[str, ...]
    steps: tuple[StepLine, ...]
    more: int
    skew: str


def trace_screen(incident: IncidentShown, found: TraceShown, now: datetime) -> TraceScreen:
    """Return the page."""
    tree = found.tree
    return TraceScreen(
        incident=incident_line(incident, now, linked=True),
        trace_id=tree.trace_id,
        asked=inert(tree.asked),
        preserved=found.found_in is FoundIn.EVIDENCE,
        views=tuple((plain(one.kind), one.sha256) for one in found.preserved),
        links=tuple(LinkLine(name=plain(one.link), seen=len(one.steps)) for one in tree.links),
        missing=tuple(one.says for one in tree.missing if not one.step),
        steps=tuple(_line(one, tree, now) for one in tree.steps[:STEPS_AT_MOST]),
        more=tree.more + max(len(tree.steps) - STEPS_AT_MOST, 0),
        skew=skew_words(tree.skew_ms),
    )


def skew_words(skew_ms: int) -> str:
    """Say by how much a clock disagrees; nothing if it does not."""
    if not skew_ms:
        return ""
    whose = "behind that of its caller" if skew_ms < 0 else "ahead of ours"
    return f"clock at least {abs(skew_ms):,} ms {whose}"


def _line(step: Step, tree: TraceTree, now: datetime) -> StepLine:
    return StepLine(
        depth=min(step.depth, DEEPEST),
        what=plain(step.what),
        name=inert(step.name),
        service=inert(step.service),
        start=moment(step.start, now),
        lasted_ms=round((step.end - step.start).total_seconds() * 1000),
        failed=step.failed,
        skew=skew_words(step.skew_ms),
        facts=tuple((inert(name), inert(value)) for name, value in step.facts.items()),
        contents=tuple(f"{inert(one.name)} ({one.size_bytes:,} bytes)" for one in step.contents),
        missing=tuple(inert(one.says) for one in tree.missing if one.step == step.id),
        asked=step.asked,
    )
