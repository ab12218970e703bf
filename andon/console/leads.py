"""Telling incidents that whoever leads them is suspended, or has left the directory."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from andon.console.delivery import EndedError, EngineAwayError
from andon.console.parts import Parts
from andon.domain.directory import Directory
from andon.register.incidents import Listed

logger = logging.getLogger(__name__)

OPEN_AT_MOST: Final = 1000


async def tell_leaderless(parts: Parts, directory: Directory) -> None:
    """Tell every open incident whose lead can't lead by this directory.

    Whoever reads an incident is shown that in any case; this has an executive told.
    """
    rows = await asyncio.to_thread(parts.incidents.list, state=Listed.OPEN, limit=OPEN_AT_MOST)
    at = parts.now()
    for row in rows:
        lead = row.view.lead if row.view else None
        if lead is None or directory.can_lead(lead, at):
            continue
        try:
            await parts.engine.lead_gone(row.incident, lead)
        except (EngineAwayError, EndedError) as error:
            logger.warning(
                "an incident was not told that its lead is gone",
                extra={"incident": row.incident, "why": str(error)},
            )
