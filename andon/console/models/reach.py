"""How far an incident reaches, as people are shown it: what was counted, stated, settled and listed."""

from __future__ import annotations

from pydantic import Field

from andon.domain.affected import Tally
from andon.domain.impact import PATTERN_QUESTION, Closed, Counted, Finding, Hypothesis, Impact
from andon.domain.reach import Leaning, Reached
from andon.domain.values import Frozen, IncidentId, Instant, PersonId


class HypothesisShown(Frozen):
    """One hypothesis of the pattern question."""

    hypothesis: Hypothesis
    says: str
    record: Leaning = Field(description="what the record of spans says of it")
    finding: Finding | None = Field(description="how a person closed it; None: it is open")
    evidence: str = ""
    person: PersonId | None = None
    at: Instant | None = None


class ReachShown(Frozen):
    """Everything on one incident's reach. Record ids are not in it."""

    incident: IncidentId
    blast_radius: str | None = Field(
        description="as people decided; `unknown` is an answer, None: not yet asked"
    )
    found: Reached
    stated: Counted | None = Field(description="the counts that a person stands for")
    hypotheses: tuple[HypothesisShown, ...]
    affected: Tally
    said: str = Field(description="the list of affected records in one sum")
    not_listed: int = Field(description="records that tool calls name and that are on no list")


def hypotheses_shown(impact: Impact, found: Reached) -> tuple[HypothesisShown, ...]:
    """Return all six, each with what the record says and how it was closed."""
    return tuple(_hypothesis(one, found.hypotheses[one], impact.hypotheses.get(one)) for one in Hypothesis)


def _hypothesis(one: Hypothesis, leaning: Leaning, closed: Closed | None) -> HypothesisShown:
    return HypothesisShown(
        hypothesis=one,
        says=PATTERN_QUESTION[one],
        record=leaning,
        finding=closed.finding if closed else None,
        evidence=closed.evidence if closed else "",
        person=closed.person if closed else None,
        at=closed.at if closed else None,
    )
