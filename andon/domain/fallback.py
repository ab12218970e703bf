"""The manual process that takes over while an AI system is stopped: who runs it, and since when."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from andon.domain.containment import Verb
from andon.domain.values import Carried, Instant, PersonId

STARTS_WITH: Final = frozenset({Verb.PAUSE_SYSTEM, Verb.SWITCH_TO_FALLBACK})
"""Once one of these is applied, people do by hand what the AI system did."""


class FallbackPlan(Carried):
    """Who runs it; the instructions are free text and stay in the system's file."""

    owner: PersonId | None = Field(description="None: nobody has written one down")


class FallbackRun(Carried):
    """One time during which it was needed."""

    owner: PersonId | None = Field(description="None: there was none, and that is on record")
    began_at: Instant
    ended_at: Instant | None = None
