"""Requests that read alarms about incidents' workflows."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.routes.places import Stock
from andon.domain.run_alarm import RunAlarm
from andon.domain.values import Frozen

router = APIRouter(prefix="/v1", tags=["console"])


class AlarmList(Frozen):
    """Alarms, newest first."""

    alarms: tuple[RunAlarm, ...]


@router.get("/alarms", dependencies=[Depends(only(READING))])
async def alarms(
    *,
    stock: Stock,
    incident: Annotated[str | None, Query(max_length=64)] = None,
    open: Annotated[bool, Query(description="those that are not over")] = False,  # noqa: A002 - the API's word
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> AlarmList:
    """List what was found of incidents' workflows: ended, deleted or set back behind Andon's back."""
    found = await asyncio.to_thread(lambda: stock.alarms.list(incident=incident, only_open=open, limit=limit))
    return AlarmList(alarms=tuple(found))
