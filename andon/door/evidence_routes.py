"""The door's request for evidence: an upload, made before the report that names it."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from andon.api.authentication import Caller, only
from andon.api.problems import ProblemError
from andon.domain.access import Scope
from andon.door.routes import REPORTING, source_of
from andon.door.uploads import Taken, UploadDesk

CONTENT_TYPE: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"^[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}$")

router = APIRouter(prefix="/v1", tags=["door"])


@router.post(
    "/uploads",
    status_code=201,
    response_model=Taken,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"*/*": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
        }
    },
)
async def upload(
    request: Request, caller: Annotated[Caller, Depends(only(REPORTING, Scope.INTAKE))]
) -> JSONResponse:
    """Take one file as the body; name the upload in `evidence` of a detection within 7 days."""
    announced = request.headers.get("content-length")
    if announced is not None and not (announced.isascii() and announced.isdigit()):
        raise ProblemError(400, "content-length", "Content-Length is not a number of bytes.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    desk: UploadDesk = request.app.state.uploads
    taken = await desk.take(
        request.stream(),
        source_of(caller),
        kind if _MEDIA_TYPE.match(kind) else CONTENT_TYPE,
        int(announced) if announced else None,
    )
    return JSONResponse(taken.model_dump(mode="json"), 201)
