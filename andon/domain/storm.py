"""A storm: detections for many AI systems within moments, as when something that all of them use breaks.

While it lasts, what programs report of one AI system is one incident whatever its keys, and one
operational incident stands over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import Field

from andon.domain.conditions import Facts
from andon.domain.detection import Channel
from andon.domain.values import Frozen, IncidentId

PROGRAM: Final = "source:"
"""Sources that begin with this are programs; people begin with `person:`."""


class StormPolicy(Frozen):
    """What an organisation calls a storm, and what it does in one."""

    format: Literal["andon-storm/1"]
    systems: int = Field(ge=2, le=10_000, description="so many AI systems")
    within: timedelta = Field(gt=timedelta(0), le=timedelta(minutes=10), description="within so long")
    quiet: timedelta = Field(
        gt=timedelta(0), le=timedelta(hours=6), description="without a detection for so long, it is over"
    )
    channels: tuple[Channel, ...] = Field(
        min_length=1, description="detections through these are grouped, if a program sent them"
    )
    facts: Facts = Field(min_length=1, description="what is known of the incident that stands over all")
    notices: int = Field(
        ge=0, le=100, description="so many of each kind reach one person about the single incidents"
    )


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm as it is known; its id is that of the incident that stands over all."""

    incident: IncidentId
    began_at: datetime
    last_at: datetime

    def lasts(self, policy: StormPolicy, at: datetime) -> bool:
        """Whether a detection at a moment belongs to it; one from before it began does not."""
        return self.began_at <= at <= self.last_at + policy.quiet


@dataclass(frozen=True, slots=True)
class Seen:
    """A detection that may be part of a storm."""

    system: str
    at: datetime
    incident: IncidentId


def groups(policy: StormPolicy, channel: Channel, source: str) -> bool:
    """Whether a detection is one that a storm may group: a person's report never is."""
    return source.startswith(PROGRAM) and channel in policy.channels


def gathered(policy: StormPolicy, seen: Iterable[Seen], at: datetime) -> dict[str, IncidentId]:
    """Return the AI systems that make it a storm by a moment, each with its first incident; or none."""
    first: dict[str, IncidentId] = {}
    for one in sorted(seen, key=lambda one: one.at):
        if at - policy.within <= one.at <= at:
            first.setdefault(one.system, one.incident)
    return first if len(first) >= policy.systems else {}
