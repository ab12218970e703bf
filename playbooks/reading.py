"""From a YAML file to a checked model, or a message that says which file, which field, and what to do."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from andon.domain.errors import InvalidInputError

MAX_BYTES: Final = 1_000_000
DEEPEST: Final = 50
SHOWN: Final = 8
"""Problems of one file that are listed; the rest are counted."""

_Model = TypeVar("_Model", bound=BaseModel)

_ADVICE: Final = {
    "extra_forbidden": "is not a field here: remove it, or check its spelling",
    "missing": "is missing: add it",
    "timezone_aware": "has no zone, and none is guessed: write one such as 2026-03-29T02:30:00+01:00",
    "time_delta_type": "is no duration: write one such as PT30M (30 minutes), PT4H or P2D",
    "time_delta_parsing": "is no duration: write one such as PT30M (30 minutes), PT4H or P2D",
}


if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml import SafeLoader as _SafeLoader
else:
    # libyaml reads ten times as fast, and every part of Andon reads the policy when it starts.
    from yaml import CSafeLoader as _SafeLoader


class _Loader(_SafeLoader):
    """Safe YAML in which a key may stand once only."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's form
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1:
                line = key.start_mark.line + 1
                # YAML readers keep the last of two; whoever wrote the first would never know.
                raise InvalidInputError(f"{key.value}: stands twice (line {line}): keep one")
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> dict[str, Any]:
    """Return what a YAML file holds.

    Raises:
        InvalidInputError: it can't be read, or is not a YAML mapping.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path}: can't be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise InvalidInputError(f"{path}: is larger than {MAX_BYTES:,} bytes: split or shorten it")
    try:
        _refuse_deep(content)
        found = yaml.load(content, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInputError(f"{path}: is not YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(found, dict):
        raise InvalidInputError(f"{path}: should hold `name: value` pairs; see the shipped file")
    return found


def _refuse_deep(content: bytes) -> None:
    """Refuse what nests too deep, before it is composed: libyaml's recursion ends the whole program."""
    level = 0
    for event in yaml.parse(content, Loader=_SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        if level > DEEPEST:
            raise InvalidInputError(f"nests deeper than {DEEPEST} levels: write it flatter")


def read(model: type[_Model], path: Path) -> _Model:
    """Read a YAML file into `model`. Unknown fields and values of another type are refused.

    Raises:
        InvalidInputError: names file and field, and says what to do.
    """
    try:
        text = as_json(read_mapping(path))
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{path}: holds a value that is no text, number or date: {error}") from error
    try:
        return model.model_validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise InvalidInputError(f"{path}: {_told(error)}") from error
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error}") from error


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(repr(value)[:80])


def _told(error: ValidationError) -> str:
    problems = [_line(one) for one in error.errors(include_url=False)]
    more = len(problems) - SHOWN
    return "; ".join(problems[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _line(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"]) or "the file"
    return f"{place}: {advice_on(problem)}"


def advice_on(problem: ErrorDetails) -> str:
    """Return what is wrong with one field, and where it can be said, what to do."""
    if problem["type"] == "string_type" and isinstance(problem["input"], bool):
        return "YAML reads yes and no as true and false: put the word in quotes"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    return _ADVICE.get(problem["type"], problem["msg"])


def as_json(value: Any) -> str:
    """Return what YAML read as JSON, in whose strict form "30" is no number and 30 is no duration.

    Raises:
        TypeError: it holds something else than text, numbers, truth values and times.
    """
    return json.dumps(value, default=_plain)
