"""What is known of an incident, how severe that makes it and why, and when what happened."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.domain.severity import Asserted, Band, Classification
from andon.domain.times import Moment
from andon.domain.values import Frozen, Instant, PersonId


class Reason(Frozen):
    """A rule or bump that fired, in the policy's words."""

    rule: str
    raises: bool = Field(description="whether it raises what the rules give by one band")
    why: str


class Factor(Frozen):
    """One fact, and who it is from."""

    fact: str
    value: str
    by: Literal["reported", "learned", "stated", "assumed"] = Field(
        description="`learned` from the escalation questions; `assumed`: nobody said anything"
    )
    question: str = Field(description="what to find out about it")
    values: tuple[str, ...] = Field(description="values it can have; none: a whole number")


class Change(Frozen):
    """The severity going from one band to another."""

    at: Instant
    before: Band | None
    after: Band
    who: tuple[str, ...] = Field(description="people it rests on; nobody: the policy did it")
    because: str = Field(description="question, statement or rule it rests on")
    reason: str | None = Field(description="in their own words; None: none was given, or it is lost")


class Explained(Frozen):
    """Why an incident is as severe as it is."""

    severity: Band = Field(description="in force; never lowered but by two people")
    by_policy: Band = Field(description="what the policy gives to what is known now")
    actual: Band
    potential: Band | None = Field(description="of a near miss: had nobody caught it")
    classification: Classification
    posture: str = Field(description="what this severity asks of people")
    provisional: bool
    reasons: tuple[Reason, ...]
    threshold_tests: tuple[str, ...] = Field(description="reasons to treat it as more than a quality issue")
    asserted: Asserted | None = Field(description="what the sender asserted; a floor until triage")
    factors: tuple[Factor, ...]
    open: tuple[str, ...] = Field(description="facts that nobody knows yet")
    changes: tuple[Change, ...] = Field(description="oldest first")


class CorrectedTime(Frozen):
    """One correction; the time before it stays."""

    before: Instant | None
    after: Instant
    person: PersonId
    at: Instant
    reason: str | None


class TimeShown(Frozen):
    """One of the times of an incident."""

    which: Moment
    at: Instant | None = Field(description="as it stands")
    first: Instant | None = Field(description="as it was first stated")
    corrections: tuple[CorrectedTime, ...]


class TimesShown(Frozen):
    """When it happened, was seen, was said, and was known; kept apart."""

    received_at: Instant = Field(description="when the door took it, by its own clock")
    aware: PersonId | None = Field(description="the first person on record who knew")
    signed: bool = Field(description="whether the door signed them on arrival")
    times: tuple[TimeShown, ...]
