"""What holds of severity for any facts at all."""

from __future__ import annotations

from random import Random
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from andon.domain.conditions import COUNT, UNKNOWN, Facts, Reading
from andon.domain.severity import Assessment, Band, SeverityPolicy, assess, reassess
from playbooks import policy_text

POLICY = SeverityPolicy.parse(yaml.safe_load(policy_text("severity.yaml")))
# Around each threshold, and none: what lies between can't differ.
COUNTS = (0, 1, 9, 10, 11, 499, 500, 501)
KNOWN: dict[str, tuple[str | int, ...]] = {
    name: COUNTS if kind.scale == COUNT else kind.scale for name, kind in POLICY.facts.items()
}
RAISED = [name for name in KNOWN if name != "caught_before_impact"]


def some(most: int) -> st.SearchStrategy[Facts]:
    """A few facts: with all of them drawn at random nearly every incident would be critical."""
    names = st.lists(st.sampled_from(list(KNOWN)), max_size=most, unique=True)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: st.sampled_from((*KNOWN[name], UNKNOWN)) for name in chosen}
        )
    )


SOME_FACTS = some(6)
EVERY_FACT = st.builds(POLICY.complete, some(8), st.sampled_from(Reading))


@st.composite
def one_fact_raised(draw: Any) -> tuple[str, str | int, str | int]:
    """A fact with two of its known values, the milder first."""
    fact = draw(st.sampled_from(RAISED))
    milder, worse = sorted(
        draw(st.lists(st.sampled_from(range(len(KNOWN[fact]))), min_size=2, max_size=2, unique=True))
    )
    return fact, KNOWN[fact][milder], KNOWN[fact][worse]


@given(facts=EVERY_FACT, potential=SOME_FACTS, raised=one_fact_raised())
def test_raising_a_known_fact_never_lowers_the_band(
    facts: Facts, potential: Facts, raised: tuple[str, str | int, str | int]
) -> None:
    fact, milder, worse = raised
    before = assess(POLICY, {**facts, fact: milder}, potential)
    after = assess(POLICY, {**facts, fact: worse}, potential)
    assert after.severity >= before.severity
    assert after.actual >= before.actual
    assert (after.potential or Band.LOW) >= (before.potential or Band.LOW)


@given(facts=EVERY_FACT, fact=st.sampled_from(RAISED))
def test_no_unknown_fact_weighs_more_than_the_worst_it_could_be(facts: Facts, fact: str) -> None:
    worst = KNOWN[fact][-1]
    unknown = assess(POLICY, {**facts, fact: UNKNOWN})
    floors = [rule for rule in unknown.fired_rules if rule not in POLICY.unknowns.provisional_rules]
    assert set(floors) <= set(assess(POLICY, {**facts, fact: worst}).fired_rules)


@given(facts=EVERY_FACT, potential=SOME_FACTS, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(facts: Facts, potential: Facts, chance: Random) -> None:
    shuffled = dict(chance.sample(list(facts.items()), len(facts)))
    assert assess(POLICY, shuffled, dict(reversed(potential.items()))) == assess(POLICY, facts, potential)


@given(facts=EVERY_FACT)
def test_what_was_caught_is_never_more_than_high_without_potential_facts(facts: Facts) -> None:
    assert assess(POLICY, {**facts, "caught_before_impact": "yes"}).severity <= Band.HIGH


@given(facts=EVERY_FACT, potential=SOME_FACTS, term=st.sampled_from([None, "S1", "S2", "low", "critical"]))
def test_every_answer_is_whole(facts: Facts, potential: Facts, term: str | None) -> None:
    result = assess(POLICY, facts, potential, asserted=POLICY.read_term(term))
    assert [line.rule for line in result.explanations] == [*result.fired_rules, *result.bumps]
    assert all(line.why for line in result.explanations)
    assert [question.fact for question in result.unanswered] == [
        name for name in POLICY.facts if facts[name] == UNKNOWN
    ]
    assert list(result.fired_rules) == sorted(result.fired_rules)
    assert 0 <= result.priority <= 100
    assert Assessment.model_validate_json(result.model_dump_json()) == result


@given(facts=EVERY_FACT, previous=st.sampled_from(Band))
def test_reassessment_only_ever_raises(facts: Facts, previous: Band) -> None:
    result = assess(POLICY, facts)
    assert reassess(previous, result) == max(previous, result.severity)
