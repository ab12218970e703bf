"""What is on record of an incident's reach: counts, the pattern question, affected records.

Counts are stated by a person, who says whether each was counted or estimated. The question whether it is
one bad answer or a pattern is settled hypothesis by hypothesis, each with the evidence it rests on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.affected import Tally
from andon.domain.values import Carried, Instant, PersonId, Sha256Hex

UNKNOWN: Final = "unknown"


class Hypothesis(StrEnum):
    """How far it may reach. Each can be true by itself; together they answer the pattern question."""

    ONE_ANSWER = "one_answer"
    """One bad answer, and no other."""
    ONE_USER = "one_user"
    """All of it concerns one user or one conversation."""
    ONE_SEGMENT = "one_segment"
    """All of it concerns one group of users, or one kind of case."""
    ONE_SOURCE = "one_source"
    """It comes with one source, document, tool or integration."""
    ONE_VERSION = "one_version"
    """It began with one change of model, prompt, permission or data."""
    EVERY_CASE = "every_case"
    """Any case of this AI system can be affected."""


PATTERN_QUESTION: Final[dict[Hypothesis, str]] = {
    Hypothesis.ONE_ANSWER: "It is one bad answer: the same question is answered rightly at other times.",
    Hypothesis.ONE_USER: "It concerns one user or conversation only.",
    Hypothesis.ONE_SEGMENT: "It concerns one group of users or one kind of case only.",
    Hypothesis.ONE_SOURCE: "It comes with one source, document, tool or integration.",
    Hypothesis.ONE_VERSION: "It began with one change of model, prompt, permission or data.",
    Hypothesis.EVERY_CASE: "Every case of this AI system can be affected.",
}


class Finding(StrEnum):
    """How a hypothesis was closed."""

    CONFIRMED = "confirmed"
    RULED_OUT = "ruled_out"


class Closed(Carried):
    """A hypothesis that somebody closed, with the evidence it rests on."""

    finding: Finding
    evidence: str = Field(description="id of an evidence item")
    person: PersonId
    at: Instant
    reason: Sha256Hex


class Basis(StrEnum):
    """Where a number comes from."""

    COUNTED = "counted"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class Counted(Carried):
    """What it reached, in numbers that a person stands for; None: not known."""

    outputs: int | None = None
    users: int | None = None
    records: int | None = None
    side_effects: int | None = None
    basis: Basis
    since: Instant | None = Field(None, description="from when on it was counted")
    person: PersonId
    at: Instant


COUNTS: Final = ("outputs", "users", "records", "side_effects")


class Impact(Carried):
    """What is on record of an incident's reach."""

    counted: Counted | None = None
    hypotheses: dict[Hypothesis, Closed] = Field(default_factory=dict)
    affected: Tally = Tally()

    @property
    def unsettled(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that nobody has closed."""
        return tuple(one for one in Hypothesis if one not in self.hypotheses)


def number(code: str) -> int | None:
    """Return a stated count; None for `unknown`.

    Raises:
        ValueError: it is neither.
    """
    if code == UNKNOWN:
        return None
    if not (code.isascii() and code.isdigit() and len(code) <= 12):
        raise ValueError(f"{code[:20]} is no count")
    return int(code)
