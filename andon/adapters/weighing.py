"""The severity of an incident, by the policy in force, from the facts the register holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from andon.domain.conditions import Reading
from andon.domain.criteria import criteria_of
from andon.domain.escalation import learned
from andon.domain.facts import Weighed, before_of, overruled, understood
from andon.domain.joining import Told, together, weighed
from andon.domain.severity import Band, SeverityPolicy
from andon.domain.values import IncidentId
from andon.register.detections import Detection, Detections
from andon.register.policies import Systems

LOOKED_AT: Final = 5_000
"""Detections of one incident that are read; with more, the oldest ones."""


class RegisterWeigher:
    """Reads what detections reported and what people learned, and applies the policy."""

    def __init__(self, detections: Detections, policy: SeverityPolicy, systems: Systems) -> None:
        self._detections = detections
        self._policy = policy
        self._systems = systems

    async def weigh(
        self,
        incident: IncidentId,
        at_least: Mapping[str, str],
        *,
        stated: Mapping[str, str],
        fresh: Sequence[str] = (),
        insist: bool = False,
        also: Sequence[IncidentId] = (),
    ) -> Weighed:
        """Weigh all that is known; what nobody reported or stated is read as it is at intake."""
        kept: list[Detection] = []
        for one in (incident, *also):
            kept += await asyncio.to_thread(self._detections.of, one, LOOKED_AT)
        system = await asyncio.to_thread(self._systems.system, kept[0].system) if kept else None
        criteria = criteria_of(self._policy, system)
        told = together(self._policy, (_told(one, self._policy) for one in kept))
        known, strange = understood(self._policy, stated)
        older = {name: value for name, value in known.items() if name not in fresh}
        reported = self._policy.complete(told.facts, Reading.INTAKE)
        facts = learned(self._policy, overruled(reported, known), at_least)
        found = weighed(criteria, replace(told, facts=facts), insist=insist)
        changed = {name: known[name] for name in fresh if name in known}
        return Weighed(
            severity=found.severity,
            provisional=found.provisional,
            fired_rules=found.fired_rules,
            before=before_of(learned(self._policy, overruled(reported, older), at_least), changed),
            strange=tuple(name for name in strange if name in fresh),
        )


def _told(kept: Detection, policy: SeverityPolicy) -> Told:
    asserted = policy.read_term(kept.severity)
    return Told(kept.facts, kept.potential_facts, asserted.floor if asserted else Band.LOW)
