"""Affected records over HTTP: the list, its export, and changes of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller, only
from andon.api.bodies import parse_body, read_body
from andon.api.server import described_by
from andon.console.access import RECORDS
from andon.console.affected import Affected, tally_in
from andon.console.models.affected import AffectedBody, AffectedNoted, AffectedShown
from andon.console.reach import Reaching
from andon.console.routes.places import Incident, Reader, Speaker, of_app
from andon.domain.affected import AffectedRecord, RecordState
from andon.domain.custody import AccessKind
from andon.domain.sheet import written
from andon.register.incidents import IncidentRow

BODY_BYTES: Final = 4 * 1024 * 1024
DEPTH: Final = 4
CREATED: Final = 201
AT_MOST: Final = 2000

router = APIRouter(prefix="/v1/incidents", tags=["console"])


Lists = Annotated[Affected, Depends(of_app("affected"))]
Counting = Annotated[Reaching, Depends(of_app("reaching"))]
RecordReader = Annotated[Caller, Depends(only(RECORDS))]


@router.get("/{incident}/affected")
async def records(
    *,
    incident: Incident,
    caller: RecordReader,
    reading: Reader,
    affected: Lists,
    state: RecordState | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=AT_MOST)] = 200,
) -> AffectedShown:
    """Return affected records, by their place on the list; that you looked is on record."""
    row = await reading.row(incident)
    await affected.looked(incident, caller, AccessKind.VIEWED)
    wanted = [one for one in await affected.records(row) if state in (None, one.state) and one.number > after]
    tally, page = tally_in(row), wanted[:limit]
    return AffectedShown(
        incident=incident,
        tally=tally,
        open=tally.open,
        said=tally.reconciled(),
        records=tuple(page),
        next=page[-1].number if len(wanted) > len(page) else None,
    )


@router.get("/{incident}/affected/export", response_class=Response)
async def export(
    *,
    incident: Incident,
    caller: RecordReader,
    reading: Reader,
    affected: Lists,
    form: Literal["csv", "json"] = "csv",
) -> Response:
    """Return the whole list as a file; that you took it is on record."""
    row = await reading.row(incident)
    await affected.looked(incident, caller, AccessKind.EXPORTED)
    return await as_file(row, await affected.records(row), form)


async def as_file(row: IncidentRow, found: list[AffectedRecord], form: Literal["csv", "json"]) -> Response:
    """Return a list as a file that a browser keeps and does not show."""
    headers = {
        "Content-Disposition": f'attachment; filename="{row.incident}-affected.{form}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if form == "json":
        plain = [one.model_dump(mode="json") for one in found]
        return JSONResponse(
            {"incident": row.incident, "tally": tally_in(row).model_dump(), "records": plain},
            headers=headers,
        )
    text = await asyncio.to_thread(written, found)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/{incident}/affected", status_code=CREATED, openapi_extra=described_by(AffectedBody))
async def change(
    request: Request,
    *,
    incident: Incident,
    caller: Speaker,
    reading: Reader,
    affected: Lists,
    reaching: Counting,
) -> AffectedNoted:
    """Add records to the list, or say what became of some. Whether it counts is judged by the workflow."""
    content = await read_body(request, BODY_BYTES, instead="Send at most 2000 records at a time.")
    body = parse_body(AffectedBody, content, DEPTH)
    found = body.from_evidence and caller.bar is None
    named = await reaching.in_evidence(await reading.row(incident)) if found else ()
    return await affected.change(incident, caller, body, named)
