"""Decisions on the use of AI systems as people send them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from andon.domain.quarter import Answer
from andon.domain.values import Frozen, Instant, PersonId, Slug


class UseBody(Frozen):
    """Whether an AI system stays in use."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    system: Slug
    since: Instant = Field(description="beginning of the period it is decided for")
    until: Instant = Field(description="its end, which is not part of it")
    answer: Answer = Field(description="yes: as approved; narrowed: for less; no: taken out of use")
    owner: PersonId = Field(description="who answers for it: somebody who owns AI systems, or an executive")
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
