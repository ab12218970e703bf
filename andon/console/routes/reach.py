"""How far an incident reaches and how complete its evidence is, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from andon.api.authentication import only
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.models.completeness import CompletenessShown, completeness_shown
from andon.console.models.reach import ReachShown
from andon.console.routes.affected import Counting
from andon.console.routes.places import Incident, Reader, Stock
from andon.domain.times import moment

router = APIRouter(prefix="/v1/incidents", tags=["console"], dependencies=[Depends(only(READING))])


@router.get("/{incident}/impact")
async def impact(
    incident: Incident,
    reading: Reader,
    reaching: Counting,
    since: Annotated[
        str | None, Query(max_length=64, description="count from then on, such as 2026-03-01T10:00:00Z")
    ] = None,
) -> ReachShown:
    """Return how far an incident reaches: counts with their basis, hypotheses, sums of affected records."""
    start = moment(since) if since else None
    if since and start is None:
        raise ProblemError(
            422, "not-a-time", "since: give a time with its zone, such as 2026-03-01T10:00:00Z"
        )
    return await reaching.of(await reading.row(incident), start)


@router.get("/{incident}/completeness")
async def completeness(incident: Incident, reading: Reader, stock: Stock) -> CompletenessShown:
    """Return how each row and kind of the evidence list stands; a gap says nothing of what happened."""
    row = await reading.row(incident)
    manifests = await asyncio.to_thread(stock.evidence.manifests, incident)
    return completeness_shown(row, manifests)
