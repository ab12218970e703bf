"""How severe an incident is: a policy of rules over facts, and the pure function that applies it.

The band is the highest floor of the fired rules, raised by the bumps the policy allows. Nothing here
lowers a band: `reassess` keeps the higher one, and only a person with a reason may take it down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from andon.domain import conditions
from andon.domain.conditions import COUNT, UNKNOWN, FactKind, Facts, OpenQuestion, Reading, Vocabulary, holds
from andon.domain.errors import InvalidInputError, UnknownTermError
from andon.domain.naming import refuse_repeats, refuse_strangers
from andon.domain.pattern import PatternPolicy
from andon.domain.values import Carried, Frozen


class Band(StrEnum):
    """Severity, ordered by rank and not by spelling."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """1 for low to 4 for critical."""
        return list(Band).index(self) + 1

    def moved(self, steps: int) -> Band:
        """Return the band `steps` higher (lower if negative), within low and critical."""
        return list(Band)[min(max(self.rank + steps, 1), 4) - 1]

    def __lt__(self, other: str) -> bool:
        return self.rank < Band(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Band(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Band(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Band(other).rank


class Classification(StrEnum):
    """What kind of thing happened."""

    QUALITY_ISSUE = "quality_issue"
    NEAR_MISS = "near_miss"
    SECURITY_EVENT = "security_event"
    AI_INCIDENT = "ai_incident"
    OPERATIONAL_INCIDENT = "operational_incident"


_COUNTED: Final = {"threshold_tests": COUNT}
_DERIVED: Final = {**_COUNTED, "classification": tuple(Classification), "band": tuple(Band)}
"""What later conditions may speak of beside the facts, because it is known by then."""


class Bump(Frozen):
    """A reason to raise the band that the rules give."""

    id: str
    when: str
    why: str


class Rule(Bump):
    """A floor under the band."""

    floor: Band


class ThresholdTest(Frozen):
    """A reason to treat a report as more than a quality issue: a condition, or rules that fired."""

    name: str
    when: str | None = None
    rules: tuple[str, ...] = ()


class ClassificationStep(Frozen):
    """One step of the precedence."""

    result: Classification
    when: str


class NearMissRule(Frozen):
    """How a near miss gets its actual, potential and working band."""

    actual: Band
    process_rules: tuple[str, ...]
    below_potential: int = Field(ge=0, le=3)
    ceiling: Band
    uncaught: Facts


class Unknowns(Frozen):
    """What makes a band provisional, and what intake assumes in place of `unknown`."""

    provisional_rules: tuple[str, ...]
    provisional_bumps: tuple[str, ...]
    intake: Facts


class Term(Frozen):
    """Words of other scales that detectors use, and what they are worth."""

    words: tuple[str, ...]
    band: Band
    floor: Band
    suggests: Classification | None = None


class Asserted(Carried):
    """The severity a detector asserted: `floor` holds until a person has triaged."""

    term: str
    band: Band
    floor: Band
    suggests: Classification | None = None


class Explanation(Carried):
    """Why a rule or bump that fired matters to people."""

    rule: str
    why: str


class Assessment(Carried):
    """What the policy says of some facts.

    Of a near miss `severity` is the working band; `potential`, had nobody caught it, is None otherwise.
    """

    classification: Classification
    severity: Band
    actual: Band
    potential: Band | None
    provisional: bool
    fired_rules: tuple[str, ...]
    bumps: tuple[str, ...]
    threshold_tests: tuple[str, ...]
    priority: int
    containment_required: bool
    unanswered: tuple[OpenQuestion, ...]
    explanations: tuple[Explanation, ...]
    asserted: Asserted | None = None

    @property
    def calls_for_workflow(self) -> bool:
        """Whether more than a log entry is due."""
        if self.classification is Classification.NEAR_MISS:
            return self.severity >= Band.MEDIUM
        return self.classification is not Classification.QUALITY_ISSUE


class SeverityPolicy(Frozen):
    """The rules of one organisation, checked as a whole when they are loaded."""

    format: Literal["andon-severity/1"]
    postures: dict[Band, str]
    thresholds: dict[str, int]
    facts: dict[str, FactKind]
    rules: tuple[Rule, ...]
    bumps_at_most: int = Field(ge=0, le=3)
    bumps: tuple[Bump, ...]
    threshold_tests: tuple[ThresholdTest, ...]
    classification: tuple[ClassificationStep, ...]
    classification_otherwise: Classification
    near_miss: NearMissRule
    unknowns: Unknowns
    containment_required: str
    priority: dict[str, dict[str, int]]
    terms: tuple[Term, ...]
    patterns: PatternPolicy | None = None

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Read a policy from a loaded YAML mapping.

        Raises:
            InvalidInputError: a field is missing or wrong, or a rule speaks of what doesn't exist.
        """
        try:
            return cls.model_validate(mapping)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise InvalidInputError(f"severity policy: {place}: {first['msg']}") from error

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        _check_conditions(self)
        _check_names(self)
        self.checked(self.near_miss.uncaught, "near_miss.uncaught")
        self.checked(self.unknowns.intake, "unknowns.intake")
        if self.patterns is not None:
            self.checked(self.patterns.facts, "patterns.facts")
        return self

    def vocabulary(self, thresholds: Mapping[str, int] | None = None) -> Vocabulary:
        """Return the facts and thresholds, with `thresholds` in place of the policy's own."""
        scales = {name: kind.scale for name, kind in self.facts.items()}
        return Vocabulary(scales, self.thresholds).overridden(thresholds or {})

    def checked(self, given: Mapping[str, object], field: str = "facts") -> Facts:
        """Return `given` if each fact exists and has one of its values, or raise `InvalidInputError`."""
        words = self.vocabulary()
        return {name: words.read(name, value, field) for name, value in given.items()}

    def complete(self, given: Mapping[str, object], reading: Reading) -> Facts:
        """Return every fact, checked; `reading` fills in those left out."""
        known = self.checked(given)
        if reading is Reading.COMMAND:
            return {name: known.get(name, kind.harmless) for name, kind in self.facts.items()}
        # Uncertainty that is itself unknown isn't asserted, so it may not disarm the rules on unknowns.
        asserted = {name: value for name, value in known.items() if value != UNKNOWN}
        return {name: asserted.get(name, self.unknowns.intake.get(name, UNKNOWN)) for name in self.facts}

    def read_term(self, term: object) -> Asserted | None:
        """Read a severity as a detector wrote it; None and an empty string assert nothing.

        Raises:
            UnknownTermError: the term isn't mapped. Numbers never are: no score is a severity.
        """
        if term is None or (isinstance(term, str) and not term.strip()):
            return None
        for known in self.terms:
            if isinstance(term, str) and _folded(term) in map(_folded, known.words):
                return Asserted(term=term.strip(), **known.model_dump(exclude={"words"}))
        words = [word for known in self.terms for word in known.words]
        raise UnknownTermError("severity", conditions.shown(term), words)


def assess(
    policy: SeverityPolicy,
    facts: Mapping[str, object],
    potential_facts: Mapping[str, object] | None = None,
    thresholds: Mapping[str, int] | None = None,
    asserted: Asserted | None = None,
) -> Assessment:
    """Apply `policy` to `facts`; the same facts always give the same answer.

    Args:
        policy: the rules.
        facts: as `SeverityPolicy.complete` returns them; what is missing is read as at intake.
        potential_facts: for a near miss, what would have been different had nobody caught it.
        thresholds: those of this AI system, in place of the policy's.
        asserted: what the detector asserted, until a person has triaged.

    Raises:
        InvalidInputError: a fact, value or threshold the policy does not know.
    """
    known = {**policy.complete({}, Reading.INTAKE), **policy.checked(facts)}
    potential = policy.checked(potential_facts or {}, "potential_facts")
    words = policy.vocabulary(thresholds).extended(_DERIVED)
    fired = _fired(policy.rules, known, words)
    tests = tuple(_met(policy, known, words, {rule.id for rule in fired}))
    classification = _classify(policy, {**known, "threshold_tests": len(tests)}, words)
    seen: Facts = {**known, "threshold_tests": len(tests), "classification": classification}
    least = asserted.floor if asserted else Band.LOW
    if classification is Classification.NEAR_MISS:
        uncaught = {**known, **potential, **policy.near_miss.uncaught}
        found = _near_miss(policy.near_miss, fired, _fired(policy.rules, uncaught, words), least)
    else:
        found = _ordinary(policy, seen, words, fired, least)
    why = {rule.id: rule.why for rule in (*policy.rules, *policy.bumps)}
    return Assessment(
        classification=classification,
        **found._asdict(),
        threshold_tests=tests,
        priority=_priority(policy, known),
        containment_required=holds(policy.containment_required, {**seen, "band": found.severity}, words),
        unanswered=tuple(conditions.open_questions(policy.facts, known)),
        explanations=tuple(Explanation(rule=rule, why=why[rule]) for rule in found.fired_rules + found.bumps),
        asserted=asserted,
    )


def reassess(previous: Band, assessment: Assessment) -> Band:
    """Return the band in force after a new assessment: the higher one, never lowered by rule."""
    return max(previous, assessment.severity)


_Fired = TypeVar("_Fired", bound=Bump)


class _Banding(NamedTuple):
    severity: Band
    actual: Band
    potential: Band | None
    fired_rules: tuple[str, ...]
    bumps: tuple[str, ...]
    provisional: bool


def _fired(rules: Iterable[_Fired], known: Facts, words: Vocabulary) -> list[_Fired]:
    return [rule for rule in rules if holds(rule.when, known, words)]


def _highest(rules: Iterable[Rule]) -> Band:
    return max((rule.floor for rule in rules), default=Band.LOW)


def _ordinary(
    policy: SeverityPolicy, seen: Facts, words: Vocabulary, fired: list[Rule], least: Band
) -> _Banding:
    base = _highest(fired)
    bumps = sorted(bump.id for bump in _fired(policy.bumps, {**seen, "band": base}, words))
    # An assertion isn't a fact: it lies under the finished band and is not raised by bumps.
    severity = max(base.moved(min(len(bumps), policy.bumps_at_most)), least)
    ids = sorted(rule.id for rule in fired)
    open_scope = {*policy.unknowns.provisional_rules, *policy.unknowns.provisional_bumps}
    provisional = not open_scope.isdisjoint((*ids, *bumps))
    return _Banding(severity, severity, None, tuple(ids), tuple(bumps), provisional)


def _near_miss(rule: NearMissRule, fired: list[Rule], uncaught: list[Rule], least: Band) -> _Banding:
    process = [candidate for candidate in fired if candidate.id in rule.process_rules]
    potential = _highest(uncaught)
    working = min(rule.ceiling, max(_highest(process), potential.moved(-rule.below_potential), least))
    ids = {candidate.id for candidate in (*process, *uncaught)}
    return _Banding(working, rule.actual, potential, tuple(sorted(ids)), (), provisional=False)


def _met(policy: SeverityPolicy, known: Facts, words: Vocabulary, fired: set[str]) -> Iterator[str]:
    for test in policy.threshold_tests:
        if fired.intersection(test.rules) or (test.when and holds(test.when, known, words)):
            yield test.name


def _classify(policy: SeverityPolicy, seen: Facts, words: Vocabulary) -> Classification:
    results = (step.result for step in policy.classification if holds(step.when, seen, words))
    return next(results, policy.classification_otherwise)


def _priority(policy: SeverityPolicy, known: Facts) -> int:
    total = 0
    for name, weights in policy.priority.items():
        in_order = [weights[value] for value in policy.facts[name].scale]
        # Of an even number of weights the upper one of the middle pair: an unknown leans to the careful side.
        total += in_order[len(in_order) // 2] if known[name] == UNKNOWN else weights[str(known[name])]
    return min(max(total, 0), 100)


def _folded(term: str) -> str:
    return re.sub(r"[\s_-]+", "", term).casefold()


def _check_conditions(policy: SeverityPolicy) -> None:
    for name in _DERIVED.keys() & policy.facts.keys():
        raise InvalidInputError(f"facts: {name} has a meaning of its own and can't be a fact")
    plain = policy.vocabulary(policy.thresholds)
    final = plain.extended(_DERIVED)
    for rule in policy.rules:
        conditions.parse(rule.when).check(plain, f"rule {rule.id}")
    for test in policy.threshold_tests:
        if test.when:
            conditions.parse(test.when).check(plain, f"threshold test {test.name}")
    for step in policy.classification:
        conditions.parse(step.when).check(plain.extended(_COUNTED), f"classification {step.result}")
    for bump in policy.bumps:
        conditions.parse(bump.when).check(final, f"bump {bump.id}")
    conditions.parse(policy.containment_required).check(final, "containment_required")


def _check_names(policy: SeverityPolicy) -> None:
    rules, bumps = [rule.id for rule in policy.rules], [bump.id for bump in policy.bumps]
    refuse_repeats("rules and bumps", rules + bumps)
    refuse_repeats("terms", [_folded(word) for term in policy.terms for word in term.words])
    for test in policy.threshold_tests:
        refuse_strangers(f"threshold test {test.name}", test.rules, rules)
    named = (*policy.near_miss.process_rules, *policy.unknowns.provisional_rules)
    refuse_strangers("process_rules and provisional_rules", named, rules)
    refuse_strangers("unknowns.provisional_bumps", policy.unknowns.provisional_bumps, bumps)
    refuse_strangers("priority", policy.priority, list(policy.facts))
    for name, weights in policy.priority.items():
        if not weights or set(weights) != set(policy.facts[name].scale):
            raise InvalidInputError(f"priority.{name}: give one weight for each value of the fact")
    if set(policy.postures) != set(Band):
        raise InvalidInputError(f"postures: give one for each of {', '.join(Band)}")
