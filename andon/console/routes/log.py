"""Requests about the log over all incidents."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends

from andon.api.authentication import only
from andon.console.access import READING
from andon.console.models.log import LogShown, log_shown
from andon.console.routes.places import Stock
from andon.domain.errors import NotFoundError
from andon.register.checkpoints import CheckpointLog

router = APIRouter(prefix="/v1", tags=["console"])


@router.get("/log", dependencies=[Depends(only(READING))])
async def newest(stock: Stock) -> LogShown:
    """Return the newest checkpoint of the log over all incidents, and who vouches for it."""
    kept = await asyncio.to_thread(CheckpointLog(stock.databases.register).newest)
    if not kept:
        raise NotFoundError("checkpoint", "of the log")
    return log_shown(kept[0], stock.now(), stock.checkpoints)
