"""An incident's case for a suite, over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response

from andon.api.authentication import Caller, only
from andon.console.access import RECORDS
from andon.console.eval_case import EvalCases
from andon.console.routes.places import Incident, Reader, of_app

router = APIRouter(prefix="/v1/incidents", tags=["console"])

Cases = Annotated[EvalCases, Depends(of_app("eval_cases"))]


@router.get("/{incident}/eval-case", response_class=Response)
async def eval_case(
    incident: Incident,
    caller: Annotated[Caller, Depends(only(RECORDS))],
    reading: Reader,
    cases: Cases,
    format: Literal["jsonl", "inspect", "promptfoo", "pytest"] = "jsonl",  # noqa: A002 - the parameter's name
) -> Response:
    """Return the incident as a case for its suite, redacted, with a harmless twin. That is on record."""
    made = await cases.export(await reading.row(incident), caller, format)
    return Response(
        made.content,
        media_type=made.form.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{incident}.{made.form.ending}"',
            "X-Andon-Twin": "yes" if made.twin else "none",
        },
    )
