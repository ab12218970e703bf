"""Whether an AI system is in use: running, limited, stopped, or taken out of use by a decision."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.containment import Hold, answer_flag
from andon.domain.incident import Ending
from andon.domain.system import AISystem
from andon.domain.values import Carried, IncidentId, Instant, Slug

ENDING_FINDING: Final = "ending"
"""Finding of the remediation decision: what not restarting means."""


class Use(StrEnum):
    """How an AI system is used."""

    RUNNING = "running"
    LIMITED = "limited"
    STOPPED = "stopped"
    NARROWED = "narrowed"
    """It stays in use for part of its purpose, by a decision not to restart the rest."""
    RETIRED = "retired"
    """It is taken out of use for good."""
    NOT_RESTARTED = "not_restarted"
    """It was not restarted, and nobody said which of the two it is."""


OUT_OF_USE: Final = frozenset({Use.NARROWED, Use.RETIRED, Use.NOT_RESTARTED})


class UseDecided(Carried):
    """What the incident that ended last decided about the use of an AI system."""

    system: Slug
    incident: IncidentId
    use: Use
    since: Instant


def decided_use(ending: Ending | None, finding: str | None) -> Use | None:
    """Return what an incident's end says of the use of its AI system; None: nothing."""
    if ending is Ending.RESTARTED:
        return Use.RUNNING
    if ending is not Ending.NOT_RESTARTED:
        return None
    return Use(finding) if finding in (Use.RETIRED, Use.NARROWED) else Use.NOT_RESTARTED


def remark_on(decided: UseDecided) -> str:
    """Return what whoever reports something of an AI system out of use is told."""
    what = decided.use.value.replace("_", " ")
    return (
        f"This AI system was {what} on {decided.since:%Y-%m-%d}, by {decided.incident}: "
        "somebody still uses it, or it was left running."
    )


class UseShown(Carried):
    """How an AI system is used now, and by which decision."""

    use: Use
    since: Instant | None = None
    incident: IncidentId | None = Field(None, description="the incident whose end decided it")


def use_now(system: AISystem, holds: Sequence[Hold], decided: UseDecided | None) -> UseShown:
    """Return how it is used: a decision not to restart stands until a later incident ends in a restart."""
    if decided is not None and decided.use in OUT_OF_USE:
        return UseShown(use=decided.use, since=decided.since, incident=decided.incident)
    if not holds:
        return UseShown(use=Use.RUNNING)
    since = min(hold.since for hold in holds)
    pause = next((one.id for one in system.lever_list() if one.verb == "pause_system"), None)
    stopped = pause is not None and bool(answer_flag(pause, holds, normal=True).holds)
    return UseShown(use=Use.STOPPED if stopped else Use.LIMITED, since=since)
