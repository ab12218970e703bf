"""The page for whoever audits: the log's newest checkpoint, alarms, bundles, and who looked at what."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response

from andon.console.handing_out import downloads_of
from andon.console.looked import look
from andon.console.models.log import log_shown
from andon.console.pages import PageRoute, render
from andon.console.routes.access import table_of
from andon.console.routes.places import Reader, Stock
from andon.console.routes.verifying import Verifier
from andon.console.screens.audit import audit_screen
from andon.console.screens.moments import zone_key
from andon.console.visitors import Reading
from andon.domain.custody import AccessKind
from andon.register.access_index import AccessSought
from andon.register.checkpoints import CheckpointLog

ALARMS: Final = 20
EXPORTS: Final = 5
LOOKED: Final = 25

screens = APIRouter(route_class=PageRoute, include_in_schema=False)


@screens.get("/audit")
async def audit(
    request: Request, session: Reading, reading: Reader, stock: Stock, verifying: Verifier
) -> Response:
    """Show what an auditor looks at first."""
    at = await reading.now_of(session.caller)
    newest = await asyncio.to_thread(CheckpointLog(stock.databases.register).newest)
    exports = await look(stock, AccessSought(kind=AccessKind.EXPORTED), "", EXPORTS)
    screen = audit_screen(
        log_shown(newest[0], stock.now(), stock.checkpoints) if newest else None,
        await asyncio.to_thread(lambda: stock.alarms.list(limit=ALARMS)),
        exports,
        await table_of(stock, request, "/audit", at, limit=LOOKED),
        at,
        most=verifying.most,
        downloads=downloads_of(stock.custody.terms.originals_url, stock.url),
    )
    return render("audit.html", session=session, screen=screen, zone=zone_key(at))
