"""Requests that read alarms about incidents' workflows."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.models.log import overdue_since
from andon.console.routes.places import Stock
from andon.domain.run_alarm import RunAlarm
from andon.domain.values import Frozen, Instant
from andon.register.checkpoints import CheckpointLog

router = APIRouter(prefix="/v1", tags=["console"])


class AlarmList(Frozen):
    """Alarms, newest first."""

    alarms: tuple[RunAlarm, ...]
    unsigned_since: Instant | None = Field(
        None, description="the log over all incidents was not signed since, longer than allowed"
    )


@router.get("/alarms", dependencies=[Depends(only(READING))])
async def alarms(
    *,
    stock: Stock,
    incident: Annotated[str | None, Query(max_length=64)] = None,
    open: Annotated[bool, Query(description="those that are not over")] = False,  # noqa: A002 - the API's word
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> AlarmList:
    """List what was found of incidents' workflows, ended, deleted or set back, and of the log's signing."""
    found = await asyncio.to_thread(lambda: stock.alarms.list(incident=incident, only_open=open, limit=limit))
    signed = await asyncio.to_thread(CheckpointLog(stock.databases.register).newest)
    since = overdue_since(signed[0], stock.now(), stock.checkpoints.overdue) if signed else None
    return AlarmList(alarms=tuple(found), unsigned_since=since)
