"""Exporting an incident: put on record before anything is handed out, and the checkpoint that covers it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from andon.api.authentication import Caller, only
from andon.console.access import AUDITING
from andon.console.models.exporting import CheckpointShown, ExportBody, ExportNoted, checkpoint_shown
from andon.console.parts import Parts
from andon.console.routes.places import Incident, Reader, Stock
from andon.domain.access import Scope
from andon.domain.custody import Access, AccessKind
from andon.domain.errors import NotFoundError
from andon.domain.ledger import Head
from andon.register.checkpoints import CheckpointLog

LOOKED_THROUGH: Final = 60
"""Checkpoints among which the newest one with a witness's signature is looked for."""

router = APIRouter(prefix="/v1/incidents", tags=["console"])
Auditor = Annotated[Caller, Depends(only(AUDITING, Scope.READ))]


@router.post("/{incident}/exports", status_code=201)
async def export(
    incident: Incident, body: ExportBody, caller: Auditor, reading: Reader, stock: Stock
) -> ExportNoted:
    """Put on record that you export this incident; whoever exports asks this first."""
    await reading.row(incident)
    entry = await stock.custody.access.write(
        Access(
            incident=incident,
            actor=f"person:{caller.person}",
            what=AccessKind.EXPORTED,
            at=stock.now(),
            role=caller.role,
            outcome="begun",
            facts={"views": body.views},
        )
    )
    return ExportNoted(sequence=entry.sequence, access=Head(length=entry.sequence + 1, digest=entry.digest()))


@router.get("/{incident}/checkpoint", dependencies=[Depends(only(AUDITING))])
async def checkpoint(
    incident: Incident,
    reading: Reader,
    stock: Stock,
    since: Annotated[
        int | None, Query(ge=1, description="size of a checkpoint you hold: with the proof from there")
    ] = None,
) -> CheckpointShown:
    """Return the newest checkpoint, with the proof that it holds this incident's chains."""
    await reading.row(incident)
    return await asyncio.to_thread(_newest, stock, incident, since)


def _newest(stock: Parts, incident: str, since: int | None) -> CheckpointShown:
    log = CheckpointLog(stock.databases.register)
    newest = log.newest(LOOKED_THROUGH)
    if not newest:
        raise NotFoundError("checkpoint", incident)
    kept = next((one for one in newest if one.witnessed), newest[0])
    known = since is not None and since <= kept.size
    path = log.consistency(since, kept.size) if since is not None and known else []
    return checkpoint_shown(kept, log.places(incident, kept.size), since if known else None, path)
