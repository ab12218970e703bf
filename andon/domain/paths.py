"""Where a value stands in what a sender sent: dotted paths, bounded, with no code in them.

    labels.severity            a member of a member
    alerts.0.status            the first of a list
    alerts.*.labels.team       every one of a list, or every value of an object

A name that has dots itself is written as it is: `attributes.gen_ai.evaluation.name` finds the member
`gen_ai.evaluation.name` of `attributes`. The longest name that is there wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import StringConstraints

MAX_PARTS: Final = 12
MOST_FOUND: Final = 50
"""Values one path gives at most; what comes after them is left out."""

Path = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^.\s](?:[^\n]*[^.\s])?$")]
"""A dotted path."""

Scalar = str | int | float | bool


def check_path(path: str) -> str | None:
    """Return what is wrong with a path, or None."""
    parts = path.split(".")
    if len(parts) > MAX_PARTS:
        return f"{path}: has more than {MAX_PARTS} parts"
    return f"{path}: has an empty part: write names with one dot between them" if "" in parts else None


def values_at(body: object, path: str) -> list[Scalar]:
    """Return the texts, numbers and truth values at a path, in their order; none there is no error."""
    found: list[Scalar] = []
    for value in _walk(body, path.split(".")[:MAX_PARTS]):
        if isinstance(value, Scalar):
            found.append(value)
        if len(found) == MOST_FOUND:
            break
    return found


def texts_at(body: object, path: str) -> list[str]:
    """Return the values at a path as texts, empty ones left out."""
    return [text for value in values_at(body, path) if (text := as_text(value))]


def first_text(body: object, paths: tuple[str, ...]) -> str:
    """Return the first text that stands at one of the paths; empty: none does."""
    return next((text for path in paths for text in texts_at(body, path)), "")


def as_text(value: Scalar) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _walk(value: Any, parts: list[str]) -> Iterator[Any]:
    if not parts:
        yield value
    elif parts[0] == "*":
        for one in _members(value):
            yield from _walk(one, parts[1:])
    elif isinstance(value, Mapping):
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in value:
                yield from _walk(value[name], parts[length:])
                return
    elif isinstance(value, list) and parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 6:
        yield from (
            item for one in value[int(parts[0]) : int(parts[0]) + 1] for item in _walk(one, parts[1:])
        )


def _members(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())[:MOST_FOUND]
    return value[:MOST_FOUND] if isinstance(value, list) else []
