"""Reading JSON that somebody else wrote: bounded, and with no name twice in one object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import rfc8785
from pydantic import ValidationError

from andon.domain.errors import InvalidInputError

MAX_TEXT_BYTES: Final = 64 * 1024 * 1024


def read_json(path: Path) -> Any:
    """Return the JSON value in a file.

    Raises:
        InvalidInputError: it can't be read, is too large, or is not JSON.
    """
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise InvalidInputError(f"{path} is larger than {MAX_TEXT_BYTES:,} bytes")
        return json_of(path.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} is not JSON: {error}") from error


def json_of(text: str | bytes) -> Any:
    """Return a JSON value in which no object has a name twice.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
        InvalidInputError: a name stands twice.
    """
    return json.loads(text, object_pairs_hook=_unrepeated)


def line_of(value: Mapping[str, Any]) -> str:
    """Return the RFC 8785 line of a JSON object as it came over the wire.

    Raises:
        InvalidInputError: it holds a number or text that RFC 8785 can't express.
    """
    try:
        return rfc8785.dumps(dict(value)).decode()
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise InvalidInputError(f"no canonical form: {error}") from error


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, with the field it is in."""
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInputError("a name stands twice in one object")
    return found
