"""Requests about what one was told: the notices of a person, wherever they went."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from andon.api.authentication import Caller, only
from andon.console.access import LISTING
from andon.console.models.notices import NoticeList, notice_shown
from andon.console.routes.places import Stock
from andon.domain.access import Scope

MOST = 200

router = APIRouter(prefix="/v1", tags=["console"])

Reader = Annotated[Caller, Depends(only(LISTING, Scope.READ))]


@router.get("/me/notices")
async def my_notices(
    *,
    caller: Reader,
    stock: Stock,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    undelivered: Annotated[bool, Query(description="only what no channel of yours has taken")] = False,
) -> NoticeList:
    """List what you were told or should have been, newest first."""
    look = stock.deliveries.outbox if undelivered else stock.deliveries.to
    found = await asyncio.to_thread(look, caller.person, limit)
    return NoticeList(person=caller.person, notices=[notice_shown(sent) for sent in found])
