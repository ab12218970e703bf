"""The severity of an incident, by the policy in force, from the facts the register holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from andon.domain.conditions import Facts, Reading
from andon.domain.escalation import learned
from andon.domain.severity import Band, SeverityPolicy, assess
from andon.domain.values import IncidentId
from andon.register.detections import Detections


class RegisterWeigher:
    """Reads what detections reported and what people learned, and applies the policy."""

    def __init__(self, detections: Detections, policy: SeverityPolicy) -> None:
        self._detections = detections
        self._policy = policy

    async def weigh(self, incident: IncidentId, at_least: Mapping[str, str]) -> Band:
        """Return the severity; what no detection reported is read as it is at intake."""
        found = await asyncio.to_thread(self._detections.of, incident)
        reported: Facts = dict(found[0].facts) if found else {}
        known = learned(self._policy, self._policy.complete(reported, Reading.INTAKE), at_least)
        return assess(self._policy, known, found[0].potential_facts if found else None).severity
