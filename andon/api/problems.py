"""Errors as RFC 9457 problem documents that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from andon.domain.errors import ErasedError, InvalidInputError, NotFoundError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:andon:problem:"


class ProblemError(Exception):
    """A request that can't be served; `detail` says what to do about it."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors or []
        self.headers = dict(headers or {})
        super().__init__(f"{status} {kind}: {detail}")

    def response(self) -> JSONResponse:
        """Return the problem document."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        return JSONResponse(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    """Turn every error of `app` into a problem document."""

    @app.exception_handler(ProblemError)
    async def _problem(_: Request, error: ProblemError) -> JSONResponse:
        return error.response()

    @app.exception_handler(InvalidInputError)
    async def _invalid(_: Request, error: InvalidInputError) -> JSONResponse:
        return ProblemError(400, "invalid-input", str(error)).response()

    @app.exception_handler(ErasedError)
    async def _erased(_: Request, error: ErasedError) -> JSONResponse:
        return ProblemError(410, "erased", f"{error}. Its digest still stands.").response()

    @app.exception_handler(NotFoundError)
    async def _missing(_: Request, error: NotFoundError) -> JSONResponse:
        return ProblemError(404, "not-found", str(error)).response()

    @app.exception_handler(RequestValidationError)
    async def _arguments(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(map(str, one["loc"])), "problem": str(one["msg"])} for one in error.errors()
        ]
        named = "; ".join(f"{one['field']}: {one['problem']}" for one in errors)
        return ProblemError(400, "invalid-input", f"Correct the request: {named}", errors=errors).response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        problem = ProblemError(error.status_code, kind, str(error.detail), headers=error.headers)
        return problem.response()
