"""Legal's hold on the evidence: nothing that alters the AI system until it is lifted.

It never stands in the way of reversible containment: that alters nothing for good, and what a lever
was set to before is captured first.
"""

from __future__ import annotations

from typing import Final

from andon.domain.decision import DecisionKind
from andon.domain.values import Carried, Instant, PersonId, Sha256Hex


class EvidenceHold(Carried):
    """A hold in force."""

    person: PersonId
    since: Instant
    reason: Sha256Hex
    reason_text: str = ""


ALTERS: Final[dict[DecisionKind, frozenset[str]]] = {
    DecisionKind.REMEDIATION: frozenset({"fix_deployed"}),
    DecisionKind.RESTART: frozenset({"restart"}),
    DecisionKind.SHUTDOWN_REVENUE_FEATURE: frozenset({"shut_down"}),
}
"""Answers after which the AI system is no longer as the incident left it, or runs on."""


def alters(kind: DecisionKind, option: str) -> bool:
    """Whether an answer is one that a hold refuses."""
    return option in ALTERS.get(kind, frozenset())
