"""What one incident adds to the figures, read from what is shown of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from andon.domain.containment import BY_HAND, Verb
from andon.domain.evidence import RowState
from andon.domain.figures import Acted, Looks, Waited
from andon.domain.glimpse import Decided, Opened, Ordered, Viewed
from andon.domain.incident_times import standing_times
from andon.domain.severity import Classification
from andon.domain.stage import Stage

FIRST: Final = 1
"""Attempts after which the first look was the one that saw it."""


def acted_in(opening: Opened, view: Viewed | None) -> Acted:
    """Return what an incident adds; before its workflow has begun, that is what its opening says."""
    first, standing = standing_times(opening, view.corrections if view else ())
    acted = Acted(
        incident=opening.incident,
        system=opening.plan.system,
        severity=view.severity if view else opening.severity,
        opened_at=first.received_at,
        open=view is None or view.closed_at is None,
        near_miss=(view or opening).classification is Classification.NEAR_MISS,
        contains=opening.containment_required,
    )
    if view is None:
        return acted
    restarted = next((one.began_at for one in view.stages if one.stage is Stage.MONITOR), None)
    word = view.acknowledgement
    rows = view.seals[-1].rows if view.seals else ()
    return acted.model_copy(
        update={
            "to_acknowledge": _seconds(first.received_at, word.at if word else None),
            "to_contain": _seconds(standing.detected_at, view.contained_at),
            "to_restart": _seconds(first.received_at, restarted),
            "restarts": restarted is not None or view.closed_at is None,
            "waits": tuple(_waited(one) for one in view.decisions if not one.superseded),
            "relapses": view.relapses,
            "gaps": Counter(row.reason for row in rows if row.state is RowState.GAP and row.reason),
            "rows": sum(row.state is not RowState.NOT_APPLICABLE for row in rows),
            "looks": tuple(_looks(view)),
        }
    )


def _seconds(begun: datetime, ended: datetime | None) -> float | None:
    """Return the seconds between; an end before its beginning is no measurement."""
    return None if ended is None or ended < begun else (ended - begun).total_seconds()


def _waited(record: Decided) -> Waited:
    request = record.request
    return Waited(
        kind=request.kind,
        seconds=_seconds(request.opened_at, record.closed_at),
        late=record.breached,
        rungs=record.rungs_reached,
    )


def _looks(view: Viewed) -> Iterator[Looks]:
    """Yield how the orders of each verb were proven; what a person did by hand is not looked at."""
    found: dict[Verb, Counter[str]] = {}
    for record in view.orders:
        lever = record.order.lever
        if lever.adapter != BY_HAND:
            found.setdefault(lever.verb, Counter())[_seen(record)] += 1
    for verb, counts in found.items():
        yield Looks(verb=verb, first=counts["first"], later=counts["later"], never=counts["never"])


def _seen(record: Ordered) -> str:
    if record.proof is None or not record.proof.held:
        return "never"
    return "first" if record.attempts <= FIRST else "later"
