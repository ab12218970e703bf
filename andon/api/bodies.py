"""Request bodies: bounded before they are read, checked for shape before they are parsed."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

import anyio
from fastapi import Request
from pydantic import BaseModel, ValidationError

from andon.api.problems import ProblemError

DRAINED_BYTES: Final = 64 * 1024 * 1024
"""What is read and thrown away of a body that is too large, so that its sender gets to read why."""
DRAIN_SECONDS: Final = 10.0

NO_NUL: Final = "The text holds the character U+0000, which no database keeps and no page shows; take it out."
NUL_WRITTEN: Final = rb"\u0000"
_STRUCTURE: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)
_NAIVE: Final = frozenset({"timezone_aware"})

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, limit: int, *, instead: str) -> bytes:
    """Return the body if it is at most `limit` bytes.

    Args:
        request: the request.
        limit: in bytes.
        instead: what the sender of a larger body can do.

    Raises:
        ProblemError: 413, it is larger.
    """
    announced = request.headers.get("content-length", "0")
    parts: list[bytes] = []
    size = 0
    if not announced.isascii() or not announced.isdigit():
        raise ProblemError(400, "content-length", "Content-Length is not a number of bytes.")
    too_large = int(announced) > limit
    with anyio.move_on_after(DRAIN_SECONDS if too_large else None) as patience:
        async for part in request.stream():
            size += len(part)
            if size > limit and not too_large:
                too_large, patience.deadline = True, anyio.current_time() + DRAIN_SECONDS
                parts.clear()
            if size > DRAINED_BYTES:
                break
            if not too_large:
                parts.append(part)
    if too_large:
        raise ProblemError(
            413,
            "body-too-large",
            f"The body is larger than {limit} bytes. {instead}",
            headers={"Connection": "close"},
        )
    return b"".join(parts)


async def drain(content: AsyncIterator[bytes]) -> None:
    """Read and throw away what is left of a body, so that its sender gets to read why it was refused."""
    size = 0
    with anyio.move_on_after(DRAIN_SECONDS):
        async for part in content:
            size += len(part)
            if size > DRAINED_BYTES:
                return


def read_json(body: bytes, depth: int) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises:
        ProblemError: 400, it is no JSON object, nests too deep, or says the same thing twice.
    """
    value = read_value(body, depth)
    if not isinstance(value, dict):
        raise ProblemError(400, "not-json", "The body must be one JSON object.")
    return value


def read_value(body: bytes, depth: int) -> Any:
    """Return the JSON in `body`, whatever it is.

    Raises:
        ProblemError: 400, it is no JSON, nests too deep, or says the same thing twice.
    """
    check_depth(body, depth)
    try:
        value = json.loads(body, object_pairs_hook=_no_doubles, parse_constant=_no_constants)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise ProblemError(
            400, "not-json", "The body holds text that is not valid Unicode; send UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "not-json", f"The body is not JSON: {str(error)[:200]}") from error
    if NUL_WRITTEN in body and _holds_nul(value):
        raise ProblemError(400, "invalid-input", NO_NUL)
    return value


def check_depth(body: bytes, depth: int) -> None:
    """Refuse JSON that nests deeper than `depth`, before a parser sees it.

    Raises:
        ProblemError: 400.
    """
    level = 0
    for match in _STRUCTURE.finditer(body):
        first = match[0][:1]
        if first in b"[{":
            level += 1
            if level > depth:
                raise ProblemError(
                    400, "too-deep", f"The body nests deeper than {depth} levels; send a flatter one."
                )
        elif first in b"]}":
            level -= 1


def parse_body(
    model: type[Model], body: bytes, depth: int, *, check: Callable[[dict[str, Any]], object] | None = None
) -> Model:
    """Read `body` as `model`, strictly: unknown fields and naive times are refused by name.

    Args:
        model: what it must be.
        body: as it came in.
        depth: deepest nesting.
        check: looks at the plain JSON first, where it can say more than the model's own error.

    Raises:
        ProblemError: 400, with each field and what is wrong with it.
    """
    sent = read_json(body, depth)
    if check is not None:
        check(sent)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _field_problem(model, error) from error


def _field_problem(model: type[BaseModel], error: ValidationError) -> ProblemError:
    errors = []
    for one in error.errors(include_url=False, include_input=False)[:20]:
        field = ".".join(str(part) for part in one["loc"]) or "body"
        problem = one["msg"]
        if one["type"] == "extra_forbidden":
            problem = f"unknown field; the fields are: {', '.join(model.model_fields)}"
        elif one["type"] in _NAIVE:
            problem = "the time has no zone and is never guessed; add one, such as 2026-03-29T02:30:00+01:00"
        elif one["type"] == "string_too_long" and field == "title" and "description" in model.model_fields:
            problem = f"{problem}; put the rest into the description"
        errors.append({"field": field, "problem": problem})
    named = "; ".join(f"{one['field']}: {one['problem']}" for one in errors)
    return ProblemError(400, "invalid-input", f"Correct the body: {named}", errors=errors)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = sorted({name[:40] for name in names if names.count(name) > 1})
        raise ValueError(f"given more than once: {', '.join(doubled)}")
    return found


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
