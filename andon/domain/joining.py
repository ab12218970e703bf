"""What several detections of one incident say together: the graver word of each fact, never the milder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from andon.domain.conditions import UNKNOWN, Facts
from andon.domain.severity import Assessment, Band, SeverityPolicy, assess


@dataclass(frozen=True, slots=True)
class Told:
    """What one detection says, or several together."""

    facts: Mapping[str, str | int]
    potential: Mapping[str, str | int]
    floor: Band = Band.LOW
    """The least severity its sender asserts; it holds until a person has triaged."""


def together(policy: SeverityPolicy, told: Iterable[Told]) -> Told:
    """Return what detections say together.

    A value that intake fills in for what nobody said is no word of a detection. That something was
    caught in time holds only if no detection says otherwise.
    """
    facts: Facts = {}
    potential: Facts = {}
    floor = Band.LOW
    for one in told:
        facts = _graver(policy, facts, one.facts)
        potential = _graver(policy, potential, one.potential)
        floor = max(floor, one.floor)
    return Told(facts, potential, floor)


def weighed(policy: SeverityPolicy, told: Told, *, insist: bool) -> Assessment:
    """Return what the policy gives to it.

    Args:
        policy: the rules.
        told: what is known.
        insist: whether the severity that senders assert still holds.
    """
    assessment = assess(policy, told.facts, told.potential)
    if not insist or told.floor <= assessment.severity:
        return assessment
    return assessment.model_copy(update={"severity": told.floor})


def _graver(policy: SeverityPolicy, before: Facts, more: Mapping[str, str | int]) -> Facts:
    words, filled = policy.vocabulary(), policy.unknowns.intake
    found = dict(before)
    for fact, value in policy.checked(more).items():
        if value == UNKNOWN or filled.get(fact) == value:
            continue
        present = found.get(fact, UNKNOWN)
        if fact in policy.near_miss.uncaught:
            uncaught = policy.near_miss.uncaught[fact]
            found[fact] = uncaught if uncaught in (present, value) else value
        elif present == UNKNOWN or words.place(fact, present) < words.place(fact, value):
            found[fact] = value
    return found
