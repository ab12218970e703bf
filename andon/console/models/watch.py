"""A watch and an explanation as people are shown them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from andon.domain.explained import Explained
from andon.domain.explanation import draft, explainable, explained_of
from andon.domain.incident import IncidentView
from andon.domain.playbook import Plan
from andon.domain.values import Frozen, IncidentId, Instant
from andon.domain.watch import VERSIONS, LookKept, SampledReview, WatchKept


class WatchShown(Frozen):
    """What is watched after a restart, until when, and what was seen last."""

    incident: IncidentId
    watching: bool
    until: Instant | None
    every: timedelta | None = Field(None, description="time between two looks")
    watch: int = Field(0, description="number of the watch that the looks belong to")
    looks: tuple[LookKept, ...] = Field((), description="the last look at each signal")
    review: SampledReview | None = None
    without_a_number: tuple[str, ...] = Field((), description="signals nobody could read at the last look")


class ExplanationShown(Frozen):
    """What those who use the AI system are told of its restart."""

    incident: IncidentId
    draft: str | None = Field(description="made from the record, to be edited; None: nothing to explain yet")
    published: str | None = Field(description="what is shown to users now")
    published_at: Instant | None


def watch_shown(
    incident: IncidentId,
    view: IncidentView | None,
    plan: Plan | None,
    kept: Sequence[WatchKept],
    at: datetime,
) -> WatchShown:
    """Return the newest watch of an incident."""
    until = view.watch_until if view is not None else None
    last = kept[-1] if kept else None
    looks = last.looks if last is not None else ()
    return WatchShown(
        incident=incident,
        watching=until is not None and view is not None and view.closed_at is None and at < until,
        until=until,
        every=plan.watch.every if plan is not None else None,
        watch=last.watch if last is not None else 0,
        looks=looks,
        review=plan.watch.review if plan is not None else None,
        without_a_number=tuple(one.name for one in looks if one.name != VERSIONS and one.unread),
    )


def drafted(view: IncidentView | None, name: str, kind: str | None) -> tuple[str | None, Explained | None]:
    """Return the draft, if there is anything to explain, and what was published."""
    if view is None:
        return None, None
    return (draft(view, name, kind) if explainable(view) else None), explained_of(view)
