"""Whether a detection that joins says something graver of its incident than all before it together."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from andon.domain.joining import Told, together, weighed
from andon.domain.severity import Band, SeverityPolicy
from andon.domain.values import IncidentId
from andon.door.weighing import Weighed
from andon.register.detections import Detection, Detections

REMEMBERED: Final = 2_000


class Graver:
    """Remembers what detections say of their incidents; the register has it all."""

    def __init__(self, detections: Detections) -> None:
        self._detections = detections
        self._known: OrderedDict[IncidentId, tuple[Told, Band]] = OrderedDict()

    async def learn(self, incident: IncidentId, report: Weighed, policy: SeverityPolicy) -> bool:
        """Return whether the incident is to be weighed anew, now that one more detection joins it.

        A repeat says nothing new and costs one look at what is remembered. Ask before the detection
        is written down.
        """
        told, band = self._known.get(incident) or await self._from_the_register(incident, policy)
        more = together(policy, (told, told_by(report)))
        found = band if more == told else weighed(policy, more, insist=True).severity
        self._known[incident] = (more, max(found, band))
        self._known.move_to_end(incident)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found > band

    async def _from_the_register(self, incident: IncidentId, policy: SeverityPolicy) -> tuple[Told, Band]:
        kept = await asyncio.to_thread(self._detections.of, incident)
        told = together(policy, (told_in(one, policy) for one in kept))
        return told, weighed(policy, told, insist=True).severity


def told_by(report: Weighed) -> Told:
    """Return what a report says."""
    asserted = report.assessment.asserted
    return Told(report.facts, report.potential_facts, asserted.floor if asserted else Band.LOW)


def told_in(kept: Detection, policy: SeverityPolicy) -> Told:
    """Return what a detection in the register says."""
    asserted = policy.read_term(kept.severity)
    return Told(kept.facts, kept.potential_facts, asserted.floor if asserted else Band.LOW)
