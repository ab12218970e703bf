"""The moments of an incident as the API tells them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from andon.domain.relived import Difference, Line, Moment, RunThen, changed
from andon.domain.values import Frozen, IncidentId, Instant


class ReplayShown(Frozen):
    """What was run again, and whether it fits the code and the ledger."""

    fits: bool
    departs_at: int | None = Field(description="entry at which the replay departs from what happened")
    untold: tuple[tuple[int, int], ...] = Field(
        description="entries, from and to, that no history tells of any more"
    )
    runs: tuple[RunThen, ...]
    recorded_by: tuple[str, ...]
    replayed_by: str
    source: str = Field(description="`temporal`, or the key of the archive")


class MomentListed(Frozen):
    """One moment in the list."""

    name: str = Field(description="send it as `at`")
    at: Instant
    first: int | None = Field(description="first of the entries that made it")
    last: int | None
    stage: str
    severity: str
    contained: bool
    open: tuple[str, ...]
    marks: tuple[str, ...] = Field(description="kinds of those of its entries that are worth a look")


class MomentShown(Frozen):
    """One moment whole, and what is not as it was at the moment before."""

    moment: Moment
    before: str | None
    after: str | None
    changed: tuple[Difference, ...]


class MomentsShown(Frozen):
    """All moments of an incident, oldest first."""

    incident: IncidentId
    replay: ReplayShown
    moments: tuple[MomentListed, ...]
    then: MomentShown | None = Field(None, description="the one that was asked for; none: nothing yet")


def moments_shown(incident: IncidentId, line: Line, then: Moment | None) -> MomentsShown:
    """Return the moments, and one of them whole if it is wanted."""
    return MomentsShown(
        incident=incident,
        replay=ReplayShown(
            fits=line.fits,
            departs_at=line.departs_at,
            untold=line.untold,
            runs=line.runs,
            recorded_by=line.recorded_by,
            replayed_by=line.replayed_by,
            source=line.source,
        ),
        moments=tuple(_listed(one) for one in line.moments),
        then=_whole(line.moments, then) if then is not None else None,
    )


def _listed(one: Moment) -> MomentListed:
    return MomentListed(
        name=one.name,
        at=one.at,
        first=one.entries[0].sequence if one.entries else None,
        last=one.sequence,
        stage=one.stage,
        severity=one.severity,
        contained=one.contained,
        open=tuple(one.open),
        marks=tuple(dict.fromkeys(entry.kind for entry in one.marks)),
    )


def _whole(moments: Sequence[Moment], then: Moment) -> MomentShown:
    place = moments.index(then)
    before = moments[place - 1] if place else None
    return MomentShown(
        moment=then,
        before=before.name if before else None,
        after=moments[place + 1].name if place + 1 < len(moments) else None,
        changed=changed(before, then),
    )
