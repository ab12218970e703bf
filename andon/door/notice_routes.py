"""The door's requests of those who use an AI system: what they are told of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse

from andon.api.authentication import anyone
from andon.api.guards import OPEN
from andon.api.problems import ProblemError
from andon.domain.explanation import SystemNotice
from andon.door.notices import POLICY, Notices, page_of

router = APIRouter(tags=["door"])
SystemId = Annotated[str, Path(max_length=64, description="the AI system")]


@router.get("/v1/systems/{system}/notice", dependencies=[Depends(anyone())])
async def notice(system: SystemId, request: Request) -> SystemNotice:
    """Say what those who use an AI system are told: whether it runs, what to do instead, what happened."""
    return await _found(system, request)


@router.get("/status/{system}", dependencies=[OPEN], response_class=HTMLResponse)
async def status(system: SystemId, request: Request) -> HTMLResponse:
    """Show the same as a plain page, without a token, if the settings say so (`flags.status_pages`)."""
    if not request.app.state.status_pages:
        raise ProblemError(404, "not-found", "Status pages are off here (flags.status_pages).")
    return HTMLResponse(page_of(await _found(system, request)), headers={"Content-Security-Policy": POLICY})


async def _found(system: str, request: Request) -> SystemNotice:
    notices: Notices = request.app.state.notices
    found = await notices.of(system)
    if found is None:
        raise ProblemError(404, "not-found", "There is no such AI system.")
    return found
