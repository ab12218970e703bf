"""The verifier on what people stated without being asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.audit.story import OTHER_SEED, Story
from tests.audit.unasked import declare, judged


def twice(story: Story) -> None:
    for _ in range(2):
        declare(story, nonce="nonce-declaration-0001")


def test_a_declaration_holds() -> None:
    report = judged(declare)
    assert report.holds, report


FORGED: dict[str, tuple[Callable[[Story], None], str]] = {
    "signed by a stranger's key": (lambda one: declare(one, seed=OTHER_SEED), "not trusted"),
    "in another's name": (lambda one: declare(one, actor="person:lena.lead"), "person: the entry says"),
    "of another kind": (lambda one: declare(one, subject="acknowledged"), "kind: the entry says"),
    "in another role": (lambda one: declare(one, facts={"role": "legal"}), "role: the entry says"),
    "of something else": (
        lambda one: declare(
            one, facts={"role": "business_owner", "task": "investigate-1", "state": "cannot"}
        ),
        "what it is about: the entry says",
    ),
    "with a fact nobody stated": (
        lambda one: declare(
            one,
            facts={"role": "business_owner", "task": "investigate-1", "state": "done", "more": "yes"},
        ),
        "what it is about: the entry says",
    ),
    "without a statement": (lambda one: declare(one, digests={}), "which is not there"),
    "in a role that is not held": (lambda one: declare(one, person="enno.engineer"), "could not speak as"),
    "by somebody nobody knows": (lambda one: declare(one, person="nobody"), "could not speak as"),
    "counted twice": (twice, "a second time"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_declaration_is_found_and_named(name: str) -> None:
    tell, problem = FORGED[name]
    found = next(one for one in judged(tell).steps if one.title == "statements")
    assert any(problem in one.problem for one in found.findings), found
