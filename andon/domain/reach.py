"""Counting whom and what an incident reached, from the spans of its AI system: the rules.

Every number says whether it was counted or estimated, from what, and what was missing. What is missing
never makes the reach smaller: a suggestion that rests on a record with holes is "unknown".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from andon.domain.affected import NamedRecord
from andon.domain.impact import Basis, Hypothesis
from andon.domain.reach_requests import Request, Version, requests_of
from andon.domain.system import Counting
from andon.domain.trace import Span
from andon.domain.values import Frozen, Instant, Slug


class Blast(StrEnum):
    """How far it reaches, by the options of the question about the impact."""

    ISOLATED = "isolated"
    SEGMENT = "segment"
    WORKFLOW = "workflow"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Start(StrEnum):
    """Where the moment from which is counted comes from."""

    FIRST_BAD_VERSION = "first_bad_version"
    STATED = "stated"
    DETECTED = "detected"


class Missing(StrEnum):
    """What the record could not tell."""

    NO_TRAFFIC = "no_traffic"
    RECORD_BEGINS_LATER = "record_begins_later"
    CUT_AT_LIMIT = "cut_at_limit"
    NO_VERSIONS = "no_versions"
    NO_NAMED_TRACE = "no_named_trace"
    VERSION_RAN_BEFORE = "version_ran_before"
    NO_USERS = "no_users"
    NO_RECORD_RULE = "no_record_rule"


class Number(Frozen):
    """One count; `counted` is what was seen, and at least so many there are."""

    what: Slug
    basis: Basis
    value: int | None = Field(description="the count, or the estimate; None: not known")
    counted: int = Field(description="what was seen in the record itself")
    why: tuple[Missing, ...] = Field((), description="what was missing, if it is not a count")


class Leaning(StrEnum):
    """What the record says of a hypothesis; people close it."""

    FOR = "for"
    AGAINST = "against"
    OPEN = "open"


class Reached(Frozen):
    """What a count over the record of spans found."""

    since: Instant
    until: Instant
    start: Start
    record_from: Instant | None = Field(description="the oldest span that is still there; None: none is")
    requests: int = Field(description="traces of the AI system in the window")
    affected: int = Field(description="of those, the ones on a bad version; without one, all")
    numbers: tuple[Number, ...]
    by_tool: dict[str, int] = Field(default_factory=dict, description="runs of each tool")
    bad_version: dict[str, str] = Field(default_factory=dict)
    changed: dict[str, str] = Field(
        default_factory=dict, description="what of it is new since the one before"
    )
    other_systems: tuple[Slug, ...] = Field((), description="other AI systems that run what is new, too")
    missing: tuple[Missing, ...] = ()
    suggested: Blast
    reasons: tuple[str, ...]
    hypotheses: dict[Hypothesis, Leaning]
    records: tuple[NamedRecord, ...] = Field((), description="records that tool calls name")

    def number(self, what: str) -> Number:
        """Return one of the numbers."""
        return next(one for one in self.numbers if one.what == what)


class Window(Frozen):
    """What is counted, and how much of it the record holds."""

    since: Instant
    until: Instant
    start: Start
    record_from: Instant | None = None
    cut: bool = Field(False, description="the record holds more spans than were read; the newest were")
    read_from: Instant | None = Field(None, description="the oldest span that was read")


def first_bad(spans: Sequence[Span], named: Sequence[str]) -> datetime | None:
    """Return when a version that gave the named bad outputs was first seen; None: nobody can tell."""
    requests = requests_of(spans, Counting(user="", segment=""))
    bad = {one.version for one in requests if one.trace_id in set(named) and one.version}
    return min((one.at for one in requests if one.runs(bad)), default=None)


def reached(
    spans: Sequence[Span],
    named: Sequence[str],
    window: Window,
    counting: Counting,
    *,
    others: Mapping[Slug, Iterable[str]] | None = None,
) -> Reached:
    """Count what was reached since a start.

    Args:
        spans: those of the AI system, as far as the record holds them.
        named: traces that gave a bad output, as detections name them.
        window: from when to when, and how much of that was read.
        counting: how spans tell users, groups and records.
        others: what versions other AI systems have run in the window, by system.
    """
    every = requests_of(spans, counting)
    inside = [one for one in every if window.since <= one.at <= window.until]
    bad = {one.version for one in every if one.trace_id in set(named) and one.version}
    hit = [one for one in inside if one.runs(bad)] if bad else inside
    changed = _changed(every, bad)
    elsewhere = tuple(
        sorted(name for name, ran in (others or {}).items() if set(changed.values()) & set(ran))
    )
    found = _Found(window, every, inside, hit, bad, frozenset(named), elsewhere)
    missing = tuple(found.missing(counting))
    blast, reasons = found.suggested()
    return Reached(
        since=window.since,
        until=window.until,
        start=window.start,
        record_from=window.record_from,
        requests=len(inside),
        affected=len(hit),
        numbers=found.numbers(missing),
        by_tool=dict(sorted(Counter(tool for one in hit for tool in one.tools).items())),
        bad_version=dict(sorted({pair for version in bad for pair in version})),
        changed=changed,
        other_systems=elsewhere,
        missing=missing,
        suggested=blast,
        reasons=reasons,
        hypotheses=found.hypotheses(blast),
        records=_distinct(one for request in hit for one in request.records),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    window: Window
    every: Sequence[Request]
    inside: Sequence[Request]
    hit: Sequence[Request]
    bad: set[Version]
    named: frozenset[str]
    elsewhere: tuple[str, ...]

    @property
    def holes(self) -> tuple[Missing, ...]:
        """What keeps a count from being one: part of the window was not seen."""
        found: list[Missing] = []
        begins = self.window.record_from
        if begins is None or not self.inside:
            found.append(Missing.NO_TRAFFIC)
        elif begins > self.window.since:
            found.append(Missing.RECORD_BEGINS_LATER)
        if self.window.cut:
            found.append(Missing.CUT_AT_LIMIT)
        return tuple(found)

    def missing(self, counting: Counting) -> Iterable[Missing]:
        """Name what the record could not tell."""
        yield from self.holes
        if not self.named:
            yield Missing.NO_NAMED_TRACE
        elif not self.bad:
            yield Missing.NO_VERSIONS
        elif self.every and self.every[0].runs(self.bad):
            yield Missing.VERSION_RAN_BEFORE
        if self.hit and not all(one.user for one in self.hit):
            yield Missing.NO_USERS
        if not counting.records:
            yield Missing.NO_RECORD_RULE

    def numbers(self, missing: Sequence[Missing]) -> tuple[Number, ...]:
        """Return the four counts."""
        users = len({one.user for one in self.hit if one.user})
        effects = sum(len(one.tools) + one.written for one in self.hit)
        records = len(_distinct(one for request in self.hit for one in request.records))
        return (
            self._number("outputs", sum(1 for one in self.hit if one.answered)),
            self._number("users", users, unless=Missing.NO_USERS, missing=missing),
            self._number("records", records, unless=Missing.NO_RECORD_RULE, missing=missing),
            self._number("side_effects", effects),
        )

    def _number(
        self, what: str, counted: int, *, unless: Missing | None = None, missing: Sequence[Missing] = ()
    ) -> Number:
        lacking = (unless,) if unless is not None and unless in missing else ()
        why = (*self.holes, *lacking)
        if Missing.NO_TRAFFIC in why or (lacking and not counted):
            return Number(what=what, basis=Basis.UNKNOWN, value=None, counted=counted, why=why)
        if why:
            return Number(
                what=what, basis=Basis.ESTIMATED, value=self._scaled(counted), counted=counted, why=why
            )
        return Number(what=what, basis=Basis.COUNTED, value=counted, counted=counted)

    def _scaled(self, counted: int) -> int:
        """Return what a count would be over the whole window at the rate that was seen."""
        begins = [one for one in (self.window.record_from, self.window.read_from) if one is not None]
        seen_from = max([*begins, self.window.since])
        seen = (self.window.until - seen_from).total_seconds()
        whole = (self.window.until - self.window.since).total_seconds()
        return max(counted, round(counted * whole / seen)) if seen > 0 else counted

    def suggested(self) -> tuple[Blast, tuple[str, ...]]:
        """Return how far it seems to reach and why; a person decides."""
        if self.elsewhere:
            return Blast.SYSTEM, ("others_run_what_is_new",)
        if not self.hit or self.holes:
            return self._with_holes()
        users = {one.user for one in self.hit if one.user}
        if len(users) == 1 and all(one.user for one in self.hit):
            return Blast.ISOLATED, ("one_user",)
        segments = {one.segment for one in self.hit}
        if len(segments) == 1 and "" not in segments and len({one.segment for one in self.inside}) > 1:
            return Blast.SEGMENT, ("one_segment_of_several",)
        if self.bad and len(self.hit) < len(self.inside):
            return Blast.SEGMENT, ("part_of_the_traffic",)
        return Blast.WORKFLOW, ("all_traffic_since",) if self.bad else ("no_version_tells_them_apart",)

    def _with_holes(self) -> tuple[Blast, tuple[str, ...]]:
        """What was not seen can only make it larger: less than all is not to be concluded from it."""
        if self.hit and len(self.hit) == len(self.inside) and len({one.user for one in self.hit}) > 1:
            return Blast.WORKFLOW, ("all_traffic_since", "part_of_the_record_is_missing")
        return Blast.UNKNOWN, ("part_of_the_record_is_missing",) if self.hit else ("nothing_was_seen",)

    def hypotheses(self, blast: Blast) -> dict[Hypothesis, Leaning]:
        """Return what the record says of each; with holes in it, it rules nothing larger out."""
        users = {one.user for one in self.hit if one.user}
        others = any(one.version and not one.runs(self.bad) for one in self.every)
        sources = [one.sources for one in self.hit]
        struck = {one.trace_id for one in self.hit}
        clean = [one.sources for one in self.inside if one.trace_id not in struck]
        shared = frozenset[str].intersection(*sources) if sources else frozenset[str]()
        alone = shared - frozenset[str]().union(*clean) if clean else frozenset[str]()
        answers = sum(1 for one in self.hit if one.answered)
        return {
            Hypothesis.ONE_ANSWER: self._one(answers),
            Hypothesis.ONE_USER: self._one(len(users)),
            Hypothesis.ONE_SEGMENT: self._one(len({one.segment for one in self.hit if one.segment})),
            Hypothesis.ONE_SOURCE: Leaning.FOR if alone else Leaning.OPEN,
            Hypothesis.ONE_VERSION: Leaning.FOR if self.bad and others else Leaning.OPEN,
            Hypothesis.EVERY_CASE: Leaning.FOR if blast in (Blast.WORKFLOW, Blast.SYSTEM) else Leaning.OPEN,
        }

    def _one(self, count: int) -> Leaning:
        if count > 1:
            return Leaning.AGAINST
        return Leaning.FOR if count == 1 and not self.holes else Leaning.OPEN


def _changed(every: Sequence[Request], bad: set[Version]) -> dict[str, str]:
    """Return what of the bad version no earlier request had; nothing, if none came before."""
    begins = next((one.at for one in every if one.runs(bad)), None)
    before = {pair for one in every if begins and one.at < begins for pair in one.version}
    return dict(sorted({pair for version in bad for pair in version} - before)) if before else {}


def _distinct(records: Iterable[NamedRecord]) -> tuple[NamedRecord, ...]:
    return tuple({one.key: one for one in records}.values())
