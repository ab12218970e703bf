"""Severity criteria of one AI system: its own thresholds, and facts that always hold for it."""

from __future__ import annotations

from andon.domain.conditions import Facts
from andon.domain.errors import InvalidInputError
from andon.domain.severity import SeverityPolicy
from andon.domain.system import AISystem


def criteria_of(policy: SeverityPolicy, system: AISystem | None) -> SeverityPolicy:
    """Return the policy as it is for an AI system; rules and facts are the same for all.

    Raises:
        InvalidInputError: a threshold that the policy does not have, or no whole number from 1.
    """
    if system is None or not system.thresholds:
        return policy
    try:
        thresholds = policy.vocabulary(system.thresholds).thresholds
    except InvalidInputError as error:
        raise InvalidInputError(f"system {system.id}: {error}") from error
    return policy.model_copy(update={"thresholds": dict(thresholds)})


def standing_facts(policy: SeverityPolicy, system: AISystem | None) -> Facts:
    """Return what is true of every incident with an AI system; what a report says wins over it.

    Raises:
        InvalidInputError: a fact or value that the policy does not know.
    """
    return policy.checked(system.facts, f"system {system.id}: facts") if system is not None else {}


def check_criteria(policy: SeverityPolicy, system: AISystem) -> None:
    """Refuse an AI system whose criteria the policy does not know.

    Raises:
        InvalidInputError: names system and field.
    """
    criteria_of(policy, system)
    standing_facts(policy, system)
