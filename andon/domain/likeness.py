"""Which open incidents of one AI system may be the same thing, seen by different senders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from andon.domain.values import IncidentId

AT_ONCE: Final = timedelta(minutes=10)
"""Two senders that see something wrong within so long may see the same thing."""
SUGGESTED_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Trait:
    """What the detection that opened an incident says of it."""

    incident: IncidentId
    source: str
    type: str | None
    trigger: str | None
    traces: frozenset[str]
    detected_at: datetime


def alike(one: Trait, other: Trait) -> str | None:
    """Return why two incidents may be one, as a code.

    The same call in both is reason enough. Without it, one sender that keeps two things apart by their
    keys is believed.
    """
    if one.traces & other.traces:
        return "same_trace"
    if one.source == other.source:
        return None
    named = (one.type is not None and one.type == other.type) or (
        one.trigger is not None and one.trigger == other.trigger
    )
    if named:
        return "same_cause"
    return "same_time" if abs(one.detected_at - other.detected_at) <= AT_ONCE else None


def suggested(fresh: Trait, standing: Iterable[Trait]) -> list[tuple[IncidentId, str]]:
    """Return the incidents that a fresh one may be the same as, the best reason first, and why."""
    order = ("same_trace", "same_cause", "same_time")
    found = [
        (other, why)
        for other in standing
        if other.incident != fresh.incident and (why := alike(fresh, other))
    ]
    found.sort(key=lambda pair: (order.index(pair[1]), abs(pair[0].detected_at - fresh.detected_at)))
    return [(other.incident, why) for other, why in found[:SUGGESTED_AT_MOST]]
