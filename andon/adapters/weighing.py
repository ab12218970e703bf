"""The severity of an incident, by the policy in force, from the facts the register holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from andon.domain.conditions import Reading
from andon.domain.escalation import learned
from andon.domain.joining import Told, together, weighed
from andon.domain.severity import Band, SeverityPolicy
from andon.domain.values import IncidentId
from andon.register.detections import Detection, Detections

LOOKED_AT: Final = 5_000
"""Detections of one incident that are read; with more, the oldest ones."""


class RegisterWeigher:
    """Reads what detections reported and what people learned, and applies the policy."""

    def __init__(self, detections: Detections, policy: SeverityPolicy) -> None:
        self._detections = detections
        self._policy = policy

    async def weigh(
        self, incident: IncidentId, at_least: Mapping[str, str], *, insist: bool = False
    ) -> Band:
        """Return the severity; what no detection reported is read as it is at intake."""
        kept = await asyncio.to_thread(self._detections.of, incident, LOOKED_AT)
        told = together(self._policy, (_told(one, self._policy) for one in kept))
        facts = learned(self._policy, self._policy.complete(told.facts, Reading.INTAKE), at_least)
        return weighed(self._policy, replace(told, facts=facts), insist=insist).severity


def _told(kept: Detection, policy: SeverityPolicy) -> Told:
    asserted = policy.read_term(kept.severity)
    return Told(kept.facts, kept.potential_facts, asserted.floor if asserted else Band.LOW)
