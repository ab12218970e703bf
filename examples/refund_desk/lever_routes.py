"""The desk's levers over HTTP, for whoever contains it: read, put, look."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from examples.refund_desk.levers import DeskLevers, NoSuchLeverError
from examples.refund_desk.publications import IndexUnusableError
from examples.refund_desk.settings import KeyReusedError
from examples.refund_desk.tickets import Wire

MOST_TEXT: Final = 2000

Told = dict[str, Any]


class Wanted(Wire):
    """How a lever should be: under a hold, or let go and as it was."""

    hold: dict[str, Annotated[str, Field(max_length=MOST_TEXT)] | int | None] | None
    state: dict[str, str | None] | None = None


def lever_routes(levers: DeskLevers) -> APIRouter:
    """Return the routes; each is guarded by whoever includes them."""
    router = APIRouter()

    @router.get("/levers/{verb}/{target}")
    def read(verb: str, target: str) -> Told:
        return levers.read(f"{verb}/{target}").told()

    @router.put("/levers/{verb}/{target}")
    def put(
        verb: str,
        target: str,
        wanted: Wanted,
        idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
    ) -> Told:
        lever = f"{verb}/{target}"
        if wanted.hold is not None:
            return levers.hold(lever, wanted.hold, idempotency_key)
        if wanted.state is None:
            raise HTTPException(422, "letting go needs the state to bring back")
        return levers.restore(lever, wanted.state, idempotency_key)

    @router.get("/look/{verb}/{target}")
    def look(verb: str, target: str, to: str = "", records: str = "") -> Told:
        held, saw = levers.look(f"{verb}/{target}", to=to, records=records)
        return {"held": held, "saw": saw}

    return router


def lever_refusals(app: FastAPI) -> None:
    """Tell in status codes what can't be done."""

    @app.exception_handler(NoSuchLeverError)
    async def unknown(_: Request, error: NoSuchLeverError) -> JSONResponse:
        return JSONResponse({"detail": f"there is no lever {error}"}, status_code=404)

    @app.exception_handler(KeyReusedError)
    async def reused(_: Request, error: KeyReusedError) -> JSONResponse:
        return JSONResponse({"detail": f"the key {error} came with another body"}, status_code=409)

    @app.exception_handler(IndexUnusableError)
    async def no_index(request: Request, error: IndexUnusableError) -> JSONResponse:
        # Asked for by a lever or a deployment it is not there; met by a ticket it is the desk's own fault.
        status = 503 if request.url.path in ("/tickets", "/versions") else 404
        return JSONResponse({"detail": str(error)}, status_code=status)
