"""What a report says once policy has read it: facts filled in, severity found, incident or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from andon.domain.classification import Named, name_it
from andon.domain.conditions import Facts, Reading
from andon.domain.criteria import criteria_of, standing_facts
from andon.domain.detection import DetectionReport
from andon.domain.errors import InvalidInputError, UnknownTermError
from andon.domain.severity import Assessment, Band, Classification, SeverityPolicy, assess
from andon.domain.system import AISystem
from playbooks import Shelf

AHEAD: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead of ours."""

UNNAMED: Final = Named()

_TRACE_ID: Final = re.compile(r"^[0-9a-f]{32}$")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A report with its facts and what the severity policy says of them."""

    report: DetectionReport
    facts: Facts
    potential_facts: Facts
    assessment: Assessment
    named: Named = UNNAMED
    criteria: SeverityPolicy | None = None
    """The policy with the AI system's own thresholds, where it has any."""

    @property
    def calls_for_incident(self) -> bool:
        """Whether a workflow is due.

        A severity of high or above that the sender asserts is a floor until triage, so people
        get to see the report even if its facts make it a matter of quality.
        """
        asserted = self.assessment.asserted
        insisted = asserted is not None and asserted.floor >= Band.HIGH
        return insisted or self.assessment.calls_for_workflow

    def called(self, classification: Classification) -> Weighed:
        """Return the report under a class that a person gave it."""
        named = self.assessment.model_copy(update={"classification": classification})
        return replace(self, assessment=named)

    def knowing(self, policy: SeverityPolicy, more: Facts) -> Weighed:
        """Return the report weighed again with facts that the register adds to what was said."""
        facts = {**self.facts, **policy.checked(more)}
        found = assess(
            self.criteria or policy, facts, self.potential_facts, asserted=self.assessment.asserted
        )
        return replace(self, facts=facts, assessment=found)


def weigh(
    report: DetectionReport, shelf: Shelf, received_at: datetime, system: AISystem | None = None
) -> Weighed:
    """Apply policy to a report about an AI system, by that system's own criteria where it has any.

    The facts it asserts win over those its trigger or flag suggest, and these over what holds for the
    AI system at all times.

    Raises:
        InvalidInputError: a fact, trigger or severity the policy does not know, or a time ahead.
    """
    _refuse_times_ahead(report, received_at)
    _refuse_words_as_trace_ids(report)
    policy = criteria_of(shelf.severity, system)
    asserted = policy.read_term(report.severity)
    standing = standing_facts(policy, system)
    given: dict[str, object] = {**standing, **_suggested(report, shelf), **policy.checked(report.facts)}
    potential = policy.checked(report.potential_facts, "potential_facts")
    facts = policy.complete(given, Reading.INTAKE)
    named = _named(report, shelf)
    found = assess(policy, facts, potential, asserted=asserted)
    return Weighed(report, facts, potential, found, named, policy)


def _named(report: DetectionReport, shelf: Shelf) -> Named:
    """Classify the report; evidence of a kind that no row of the evidence list knows is refused."""
    kinds = [kind for row in shelf.evidence.rows for kind in row.kinds]
    for number, one in enumerate(report.evidence):
        if one.kind not in kinds:
            raise UnknownTermError(f"evidence.{number}.kind", one.kind, kinds)
    trigger = shelf.triggers.get(report.trigger or "")
    return name_it(
        report.categories,
        report.tags,
        report.external,
        trigger.external if trigger else (),
        shelf.lexicon.classification,
        shelf.lexicon.taxonomies,
    )


def _suggested(report: DetectionReport, shelf: Shelf) -> Facts:
    suggested: Facts = {}
    if report.flag is not None:
        suggested.update(shelf.flags[report.flag.value].facts)
    if report.trigger is not None:
        if report.trigger not in shelf.triggers:
            raise UnknownTermError("trigger", report.trigger, tuple(shelf.triggers))
        suggested.update(shelf.triggers[report.trigger].facts)
    return suggested


def _refuse_times_ahead(report: DetectionReport, received_at: datetime) -> None:
    for name in ("occurred_at", "detected_at", "reported_at"):
        moment = getattr(report, name)
        if moment is not None and moment > received_at + AHEAD:
            raise InvalidInputError(
                f"{name}: {moment.isoformat()} is more than 5 minutes ahead of {received_at.isoformat()}; "
                "check the sender's clock and its time zone"
            )


def _refuse_words_as_trace_ids(report: DetectionReport) -> None:
    """Refuse anything but W3C trace ids: they go to the workflow, which must not learn free text."""
    for number, one in enumerate(report.trace_ids):
        if not _TRACE_ID.match(one):
            raise InvalidInputError(
                f"trace_ids.{number}: not a W3C trace id; send 32 hexadecimal digits in lower case"
            )
