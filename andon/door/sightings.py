"""What stands in the register for a detection: its incident, its quality issue, the pattern of its cause."""

from __future__ import annotations

from dataclasses import dataclass

from andon.domain.pattern import PatternPolicy, cause_of
from andon.domain.placing import Stands
from andon.domain.severity import Band, SeverityPolicy
from andon.door.books import Case
from andon.door.likeness import Likeness
from andon.door.ties import Knot
from andon.register.incidents import Incidents
from andon.register.links import LinkKind
from andon.register.patterns import Occasion

SMALL_BELOW = Band.HIGH
"""What is as grave as this by itself has an incident of its own and makes no pattern."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What stands in the register, and whether this detection completes a pattern."""

    stands: Stands
    occasion: Occasion | None = None
    cases: tuple[str, ...] = ()
    """Where the earlier reports of its cause went; empty unless they are a pattern with this one."""


def occasion_of(case: Case, system: str, dedupe: str | None, policy: SeverityPolicy) -> Occasion | None:
    """Return what a detection counts as when patterns are looked for; None: it does not count."""
    patterns, assessment = policy.patterns, case.weighed.assessment
    if patterns is None or assessment.severity >= SMALL_BELOW:
        return None
    cause = cause_of(case.report, assessment.fired_rules, policy.unknowns.provisional_rules)
    if cause is None:
        return None
    detected_at = case.report.detected_at or case.arrived.received_at
    named = patterns.occasion(dedupe or case.arrived.receipt, detected_at)
    return Occasion(system, cause, named, detected_at)


class Sightings:
    """Looks into the register before a detection is put anywhere."""

    def __init__(self, incidents: Incidents, knot: Knot, likeness: Likeness) -> None:
        self._incidents = incidents
        self._knot = knot
        self.likeness = likeness

    def look(
        self, system: str, dedupe: str | None, occasion: Occasion | None, patterns: PatternPolicy | None
    ) -> Sighting:
        """Return what stands; one consistent look is not needed, since writing down asks again."""
        stands = Stands(
            incident=self._incidents.open_with(system, dedupe),
            issue=self._knot.issues.open_with(system, dedupe),
        )
        if occasion is None or patterns is None:
            return Sighting(stands)
        parent = self._knot.links.parent(LinkKind.PATTERN, system, occasion.cause)
        stands = Stands(incident=stands.incident, issue=stands.issue, pattern=parent)
        known = self._knot.patterns
        if known.count_before(occasion, patterns.window) + 1 < patterns.reports:
            return Sighting(stands, occasion)
        return Sighting(stands, occasion, tuple(known.homes_before(occasion, patterns.window)))
