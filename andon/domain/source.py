"""A source: a program that reports in a form of its own, and how what it sends becomes a detection.

A mapping is data: paths, lists of words, equality. There is no code in it and no pattern that could
run for long, so a file of this kind can be read and changed by whoever runs the sender.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

from pydantic import Field, model_validator

from andon.domain.conditions import Facts
from andon.domain.detection import UNKNOWN_SYSTEM, Category, Channel, IncidentType, Tag
from andon.domain.paths import Path, Scalar, as_text, check_path, values_at
from andon.domain.values import Frozen, PersonId, Slug


class SourceKind(StrEnum):
    """In which form a source sends."""

    NATIVE = "native"
    CLOUDEVENTS = "cloudevents"
    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"
    OTEL_EVALUATION = "otel_evaluation"


class Match(Frozen):
    """What a value must be like; all that is given must hold."""

    any: bool | None = Field(None, description="true: something stands there; false: nothing does")
    prefix: str | None = Field(None, min_length=1, max_length=200, description="how the text begins")
    at_least: float | None = Field(None, description="the number is as large, or larger")
    at_most: float | None = Field(None, description="the number is as small, or smaller")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("says nothing: give any, prefix, at_least or at_most")
        return self

    def met(self, values: list[Scalar]) -> bool:
        """Whether one of the values is like this."""
        if self.any is False:
            return not values
        return any(self._fits(value) for value in values)

    def _fits(self, value: Scalar) -> bool:
        if self.prefix is not None and not as_text(value).startswith(self.prefix):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        number = _number(value)
        if number is None:
            return False
        least = float("-inf") if self.at_least is None else self.at_least
        most = float("inf") if self.at_most is None else self.at_most
        return least <= number <= most


Wanted = Scalar | list[Scalar] | Match
Condition = dict[Path, Wanted]
"""What must stand where; all of it must hold."""


class FactRule(Frozen):
    """What a source says in its own words, and what that means in ours."""

    when: Condition = Field(min_length=1, max_length=12)
    then: Facts = Field(default_factory=dict, max_length=40, description="facts of the severity policy")
    potential: Facts = Field(default_factory=dict, max_length=40, description="facts had nobody caught it")
    type: IncidentType | None = None
    trigger: str | None = Field(None, max_length=64)
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()


class SystemAt(Frozen):
    """Which AI system a report is about: always the same, or as a field says."""

    fixed: Slug | None = None
    paths: tuple[Path, ...] = Field((), max_length=8, description="the first that is there counts")
    names: dict[str, Slug] = Field(default_factory=dict, description="the source's name -> id of the system")
    otherwise: Slug = Field(UNKNOWN_SYSTEM, description="when no field says it")

    @model_validator(mode="after")
    def _says_it_once(self) -> Self:
        if (self.fixed is None) == (not self.paths):
            raise ValueError("give either fixed, an id, or paths where the name stands")
        return self


class SeverityAt(Frozen):
    """Where a severity stands, and which of the source's words are worth what."""

    paths: tuple[Path, ...] = Field(min_length=1, max_length=8)
    words: dict[str, str] = Field(min_length=1, description="the source's word -> a word of our policy")


class SourceLimits(Frozen):
    """Bounds of one source in place of those of the settings."""

    detections_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    stops_per_hour: int | None = Field(None, ge=0, le=10_000)


class Source(Frozen):
    """One program that reports: its form, its mapping and its limits."""

    id: Slug
    name: str = Field("", max_length=120)
    kind: SourceKind
    sender: PersonId | None = Field(
        None, description="the one account that may send as this source; needed for a signing secret"
    )
    system: SystemAt | None = None
    channel: Channel = Channel.MONITORING
    title: tuple[Path, ...] = Field((), max_length=8, description="the first that is there counts")
    description: tuple[Path, ...] = Field((), max_length=8, description="each that is there, one a line")
    dedupe: tuple[Path, ...] = Field((), max_length=8, description="together they are the dedupe key")
    severity: SeverityAt | None = None
    occurred: tuple[Path, ...] = Field((), max_length=8)
    detected: tuple[Path, ...] = Field((), max_length=8)
    trace_ids: tuple[Path, ...] = Field((), max_length=8)
    type: IncidentType | None = None
    trigger: str | None = Field(None, max_length=64)
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
    wanted: tuple[Condition, ...] = Field(
        (), max_length=50, description="reports that meet none of these are answered and left alone"
    )
    facts: tuple[FactRule, ...] = Field((), max_length=200)
    counts: dict[str, Path] = Field(default_factory=dict, max_length=8, description="fact -> where it stands")
    limits: SourceLimits = SourceLimits()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def wants(self, body: object) -> bool:
        """Whether a report is to become a detection."""
        return not self.wanted or any(met(one, body) for one in self.wanted)

    def fired(self, body: object) -> list[FactRule]:
        """Return the rules that a report meets, in their order."""
        return [rule for rule in self.facts if met(rule.when, body)]

    def _problems(self) -> Iterator[str]:
        if self.kind is SourceKind.NATIVE:
            yield from self._native_problems()
            return
        if self.system is None:
            yield "system: is missing: say which AI system, or where its name stands"
        if not self.title:
            yield "title: is missing: say where one stands"
        yield from (problem for path in self._paths() if (problem := check_path(path)))

    def _native_problems(self) -> Iterator[str]:
        if self.sender is None:
            yield "sender: is missing: say which account sends"
        for field in MAPPED:
            if field in self.model_fields_set:
                yield f"{field}: a native source sends detections as they are: remove it"

    def _paths(self) -> Iterator[str]:
        for paths in (
            self.title,
            self.description,
            self.dedupe,
            self.occurred,
            self.detected,
            self.trace_ids,
        ):
            yield from paths
        yield from self.system.paths if self.system else ()
        yield from self.severity.paths if self.severity else ()
        yield from self.counts.values()
        for condition in (*self.wanted, *(rule.when for rule in self.facts)):
            yield from condition


MAPPED: Final = (
    *("system", "title", "description", "dedupe", "severity", "occurred", "detected", "trace_ids"),
    *("type", "trigger", "categories", "tags", "wanted", "facts", "counts"),
)
"""Fields that say how something foreign is read."""


def met(condition: Condition, body: object) -> bool:
    """Whether a report meets a condition."""
    return all(_holds(wanted, values_at(body, path)) for path, wanted in condition.items())


def _holds(wanted: Wanted, values: list[Scalar]) -> bool:
    if isinstance(wanted, Match):
        return wanted.met(values)
    words = {as_text(one) for one in (wanted if isinstance(wanted, list) else [wanted])}
    return any(as_text(value) in words for value in values)


def _number(value: Scalar) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except ValueError:
        return None
