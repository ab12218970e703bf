"""What people state of an incident's facts as more comes to light: over what was reported, on record."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from andon.domain.conditions import UNKNOWN, Facts
from andon.domain.errors import InvalidInputError
from andon.domain.severity import Band, SeverityPolicy
from andon.domain.values import Carried


class Weighed(Carried):
    """What the policy gives to all that is known once people stated more."""

    severity: Band
    provisional: bool
    fired_rules: tuple[str, ...]
    before: dict[str, str] = Field(
        default_factory=dict, description="the value each stated fact had until then; unknown counts as one"
    )
    strange: tuple[str, ...] = Field((), description="stated facts that the policy does not know")


def stated(policy: SeverityPolicy, given: Mapping[str, str]) -> Facts:
    """Return stated facts as the policy reads them: a number for a count.

    Raises:
        InvalidInputError: no such fact, or not one of its values.
    """
    return policy.checked({name: _number(value) for name, value in given.items()})


def understood(policy: SeverityPolicy, given: Mapping[str, str]) -> tuple[Facts, tuple[str, ...]]:
    """Return the stated facts the policy knows, and the names of the others.

    A policy may have changed since something was stated; what it no longer knows must not keep the
    rest from counting.
    """
    known: Facts = {}
    strange: list[str] = []
    for name, value in given.items():
        try:
            known |= stated(policy, {name: value})
        except InvalidInputError:
            strange.append(name)
    return known, tuple(strange)


def overruled(facts: Mapping[str, str | int], by: Mapping[str, str | int]) -> Facts:
    """Return the facts with what people stated in place of what was reported.

    Whoever looked knows better than whoever reported, in both directions; the severity is still never
    lowered by it. To state that something is not known takes a value back.
    """
    return {**facts, **by}


def before_of(facts: Mapping[str, str | int], changed: Mapping[str, str | int]) -> dict[str, str]:
    """Return the value that each changed fact had."""
    return {name: str(facts.get(name, UNKNOWN)) for name in changed}


def _number(value: str) -> str | int:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 16 else value
