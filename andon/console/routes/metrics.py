"""Requests for the metrics of a period, as JSON and in Prometheus' text format."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from andon.api.authentication import only
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.counting import Counting
from andon.console.exposition import CONTENT_TYPE, exposed
from andon.console.parts import Parts
from andon.console.routes.places import Stock, of_app
from andon.domain.metrics import REPEATED_WITHIN, Metrics, measured
from andon.domain.recurrence import by_control
from andon.domain.values import Slug
from andon.register.follow_ups import FollowUps

LONGEST: Final = timedelta(days=3 * 366)
SCRAPED: Final = timedelta(days=90)

router = APIRouter(tags=["console"])

Counter = Annotated[Counting, Depends(of_app("counting"))]


@router.get("/v1/metrics", dependencies=[Depends(only(READING))])
async def metrics(
    *,
    stock: Stock,
    counter: Counter,
    since: Annotated[AwareDatetime | None, Query(description="90 days ago if not given")] = None,
    until: Annotated[AwareDatetime | None, Query(description="now if not given")] = None,
    system: Annotated[Slug | None, Query(description="one AI system only")] = None,
) -> Metrics:
    """Return the metrics of the incidents opened in a period; what is not known is counted, never nought."""
    end = until or stock.now()
    begin = since or end - SCRAPED
    if not begin < end or end - begin > LONGEST:
        raise ProblemError(
            400, "no-such-period", f"since must be before until, by {LONGEST.days} days at most"
        )
    return await _counted(stock, counter, begin, end, system)


@router.get("/metrics", dependencies=[Depends(only(READING))])
async def exposition(stock: Stock, counter: Counter) -> Response:
    """Return the metrics of the last 90 days for Prometheus, which sends a token that may read."""
    now = stock.now()
    found = await _counted(stock, counter, now - SCRAPED, now, None)
    return Response(exposed(found), media_type=CONTENT_TYPE)


async def _counted(
    stock: Parts, counter: Counting, since: datetime, until: datetime, system: str | None
) -> Metrics:
    work = partial(_measured, stock, counter, since, until, system)
    return await counter.count(("metrics", since, until, system), work)


def _measured(
    stock: Parts, counter: Counting, since: datetime, until: datetime, system: str | None
) -> Metrics:
    measures, now = counter.measures, stock.now()
    told = [one.told_at(now) for one in measures.opened(since - REPEATED_WITHIN, until, system=system)]
    found = measured(told, since, until, logged_near_misses=measures.near_misses_logged(since, until, system))
    looks = FollowUps(stock.databases.register).looked(since, until, system)
    return found.model_copy(update={"recurrence": by_control(looks)})
