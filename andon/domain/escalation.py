"""The seven escalation questions: what an answer sets, whom it brings in, and what it starts.

`unknown` brings in the same people as `yes`; only `yes` sets facts (IMP-02 to IMP-08).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from pydantic import Field

from andon.domain.conditions import UNKNOWN as NOT_KNOWN
from andon.domain.conditions import Facts
from andon.domain.detection import Category
from andon.domain.directory import Role
from andon.domain.severity import Classification, SeverityPolicy
from andon.domain.values import Frozen

YES: Final = "yes"
UNKNOWN: Final = "unknown"


class Consequence(Frozen):
    """What one question leads to."""

    at_least: dict[str, str] = Field(
        default_factory=dict, description="fact -> value it has at least once the answer is yes"
    )
    routes: tuple[Role, ...] = ()
    legal_review: bool = Field(False, description="legal is asked, whatever the severity")
    follow_up: str = Field("", description="what is to be looked at next, as a code")


QUESTIONS: Final[dict[str, Consequence]] = {
    "left_company": Consequence(
        at_least={"exposure": "external_limited"},
        routes=(Role.COMMUNICATIONS, Role.BUSINESS_OWNER),
    ),
    "data_exposed": Consequence(
        at_least={"data_exposed": "internal_unauthorised"},
        routes=(Role.PRIVACY, Role.LEGAL),
        legal_review=True,
        follow_up="candidate_clocks",
    ),
    "took_action": Consequence(at_least={"autonomy": "acts_with_approval"}, follow_up="reversibility"),
    "reviewer_passed_it": Consequence(
        at_least={"control_failed": "yes"}, follow_up="human_review_procedure_or_interface"
    ),
    "more_affected": Consequence(at_least={"blast_radius": "segment"}, follow_up="look_back"),
    "recent_change": Consequence(follow_up="roll_back_and_change_log"),
    "obligation": Consequence(routes=(Role.LEGAL,), legal_review=True, follow_up="candidate_clocks"),
}
"""By the code an answer to `impact` gives, in the order in which people are asked."""


TAKEN_OVER: Final = ("reversibility", "acted_upon")
"""Answers that are facts by the same name and value."""


REACH: Final = ("blast_radius", "data_exposed", "acted_upon", "notification_required")
"""What an impact assessment must say: whom and what it reached, whether anybody has acted on it, and
whether somebody must be told. `unknown` is an answer, and somebody has to find out."""

OPEN_POINTS: Final = "open_points"
"""The follow-up for what is not known of the reach."""

LOOK_BACK_WINDOW: Final = "look_back_window"
"""The follow-up of a near miss in which data would have been exposed: earlier outputs may have shown it."""

FOLLOW_UPS: Final = frozenset(
    {OPEN_POINTS, LOOK_BACK_WINDOW, *(one.follow_up for one in QUESTIONS.values() if one.follow_up)}
)


class Escalated(Frozen):
    """What all answers together lead to."""

    at_least: dict[str, str]
    routes: tuple[Role, ...]
    legal_review: bool
    follow_ups: tuple[str, ...]
    open: tuple[str, ...] = Field(description="questions nobody could answer, or was not asked")
    unsaid: tuple[str, ...] = Field(description="what must be known of the reach, and is not")

    @property
    def to_do(self) -> tuple[str, ...]:
        """The follow-ups that somebody has to carry out; what is unsaid is one of them."""
        return (*self.follow_ups, OPEN_POINTS) if self.unsaid else self.follow_ups


EXPOSING_TYPES: Final = frozenset({"privacy_event"})
EXPOSED: Final = "data_exposed"


def looks_back(
    classification: Classification,
    type_: str | None,
    categories: Collection[Category],
    facts: Mapping[str, str],
) -> bool:
    """Whether earlier outputs are gone through: data would have been exposed, and it was caught in time.

    What was caught once may have gone out before, unseen.
    """
    if classification is not Classification.NEAR_MISS:
        return False
    stated = facts.get(EXPOSED, NOT_KNOWN) not in (NOT_KNOWN, "no")
    return stated or type_ in EXPOSING_TYPES or Category.DATA_EXPOSURE in categories


def learned(policy: SeverityPolicy, facts: Facts, at_least: Mapping[str, str]) -> Facts:
    """Return the facts with each named one raised to at least its value; none is ever lowered."""
    words = policy.vocabulary()
    found = dict(facts)
    for fact, value in policy.checked(at_least).items():
        present = facts.get(fact, NOT_KNOWN)
        if present == NOT_KNOWN or words.place(fact, present) < words.place(fact, value):
            found[fact] = value
    return found


def escalate(findings: Mapping[str, str]) -> Escalated:
    """Return what the answers lead to; a question without an answer stays open and routes nobody."""
    heard = {name: one for name, one in QUESTIONS.items() if findings.get(name) in (YES, UNKNOWN)}
    said_yes = [one for name, one in heard.items() if findings[name] == YES]
    at_least = {fact: value for one in said_yes for fact, value in one.at_least.items()}
    at_least |= {name: value for name, value in findings.items() if name in TAKEN_OVER and value != UNKNOWN}
    return Escalated(
        at_least=at_least,
        routes=tuple(dict.fromkeys(role for one in heard.values() for role in one.routes)),
        legal_review=any(one.legal_review for one in heard.values()),
        follow_ups=tuple(
            dict.fromkeys(
                one.follow_up
                for one in heard.values()
                if one.follow_up and findings.get(one.follow_up, UNKNOWN) == UNKNOWN
            )
        ),
        unsaid=tuple(name for name in REACH if findings.get(name, UNKNOWN) == UNKNOWN),
        open=tuple(name for name in QUESTIONS if findings.get(name, UNKNOWN) == UNKNOWN),
    )
