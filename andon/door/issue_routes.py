"""The door's requests about what it took before: promote or close a quality issue, split an incident."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ConfigDict, Field

from andon.api.authentication import Caller, only
from andon.domain.access import Scope
from andon.domain.directory import STOPPING
from andon.domain.values import Frozen
from andon.door.answers import Answer
from andon.door.promoting import Promoting
from andon.door.routes import source_of
from andon.register.quality import IssueState

router = APIRouter(prefix="/v1", tags=["door"])
Responding = Annotated[Caller, Depends(only(STOPPING, Scope.INTAKE))]
Issue = Annotated[str, Path(max_length=64, description="`QI-...`")]


class Why(Frozen):
    """Why; it is stored encrypted."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=2000)


class Settled(Frozen):
    """What became of a quality issue."""

    issue: str
    state: IssueState


class SplitOff(Frozen):
    """Which detection leaves an incident."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detection: str = Field(min_length=1, max_length=64, examples=["DET-AbCdEfGhIjKlMnOp"])


@router.post("/quality-issues/{issue}/promote", status_code=202)
async def promote(request: Request, issue: Issue, why: Why, caller: Responding) -> Answer:
    """Make an incident of a quality issue, with its own times and traces; both name each other."""
    promoting: Promoting = request.app.state.promoting
    return await promoting.promote(issue, why.reason, source_of(caller), datetime.now(UTC))


@router.post("/quality-issues/{issue}/close")
async def close(request: Request, issue: Issue, why: Why, caller: Responding) -> Settled:
    """Resolve a quality issue; what comes in under its key afterwards is a new one."""
    promoting: Promoting = request.app.state.promoting
    done = await promoting.close(issue, why.reason, source_of(caller), datetime.now(UTC))
    return Settled(issue=done.id, state=done.state)


@router.post("/incidents/{incident}/split", status_code=202)
async def split(
    request: Request,
    incident: Annotated[str, Path(max_length=64, description="`INC-...`")],
    what: SplitOff,
    caller: Responding,
) -> Answer:
    """Give a detection that joined an incident one of its own.

    Said on record first: the console takes the declaration `split`, and then asks for this.
    """
    promoting: Promoting = request.app.state.promoting
    return await promoting.split(incident, what.detection, source_of(caller), datetime.now(UTC))
