"""The eleven factors of severity, and the fact of the policy that stands for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from andon.domain.conditions import UNKNOWN

FACTORS: Final[dict[str, str]] = {
    "impact": "impact",
    "urgency": "ongoing",
    "blast radius": "blast_radius",
    "reversibility": "reversibility",
    "customer exposure": "exposure",
    "data sensitivity": "data_sensitivity",
    "regulatory context": "regulatory_context",
    "safe continuation": "can_continue_safely",
    "recurrence": "recurrence",
    "autonomy": "autonomy",
    "uncertainty": "uncertainty",
}
"""Factor -> fact. A policy may do without one of the facts; then nobody can say."""


def factors(facts: Mapping[str, object]) -> dict[str, str]:
    """Return the value of each factor, `unknown` where nobody can say."""
    return {name: str(facts.get(fact, UNKNOWN)) for name, fact in FACTORS.items()}
