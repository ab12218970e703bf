"""A conversation with a model as turns, found in whatever form of JSON it was kept: who said or called what.

It is for reading beside the text itself. What is in no form that is known here is in no turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 24
MOST_TURNS: Final = 500
MOST_CHARS: Final = 100_000
"""Of all turns together."""

CALL: Final = "calls"
ANSWER: Final = "gets back"
SAYS: Final = "says"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said, called or given back."""

    who: str
    does: str
    """`says`, `calls` or `gets back`."""
    what: str
    """The tool, where one is called or gives something back."""
    text: str


def turns_in(text: str) -> list[Turn]:
    """Return the turns of a conversation; none where there is no JSON, or no messages in it."""
    if text[:1] not in ("{", "["):
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found: list[Turn] = []
    left = MOST_CHARS
    for turn in _found(value, 0):
        left -= len(turn.text)
        if left < 0 or len(found) == MOST_TURNS:
            break
        found.append(turn)
    return found


def _found(value: Any, depth: int) -> Iterator[Turn]:
    """Yield the turns of every list of messages in a value, in the order in which they stand."""
    if depth > DEEPEST:
        return
    value = _unpacked(value)
    if isinstance(value, list) and value and all(_is_message(one) for one in value):
        for one in value:
            yield from _turns(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _found(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _found(one, depth + 1)


def _unpacked(value: Any) -> Any:
    """Return the JSON in a text that holds some, as OpenTelemetry keeps messages in attributes."""
    if isinstance(value, str) and value[:2] in ("[{", '{"', "[\n", "{\n"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def _turns(message: Mapping[str, Any]) -> Iterator[Turn]:
    who = str(message["role"])
    content = message.get("content", message.get("parts"))
    for part in content if isinstance(content, list) else [content]:
        yield from _part(who, part, str(message.get("name") or ""))
    calls = message.get("tool_calls")
    for one in calls if isinstance(calls, list) else []:
        yield from _part(who, one, "")


def _part(who: str, part: Any, name: str) -> Iterator[Turn]:
    if part is None or part == "":
        return
    if isinstance(part, str):
        yield Turn(who, ANSWER if who in ("tool", "function") else SAYS, name, part)
        return
    if not isinstance(part, Mapping):
        yield Turn(who, SAYS, name, _text(part))
        return
    kind = str(part.get("type") or "")
    function = part.get("function")
    if isinstance(function, Mapping):
        yield Turn(who, CALL, str(function.get("name") or ""), _text(function.get("arguments")))
    elif kind in ("tool_call", "tool_use", "function_call"):
        yield Turn(who, CALL, str(part.get("name") or ""), _text(_first(part, ("arguments", "input"))))
    elif kind in ("tool_call_response", "tool_result", "function_call_output"):
        given = _first(part, ("response", "result", "content", "output"))
        yield Turn(who, ANSWER, str(part.get("name") or part.get("id") or ""), _text(given))
    else:
        said = _first(part, ("text", "content"))
        yield Turn(
            who,
            SAYS,
            name or (kind if kind not in ("text", "") else ""),
            _text(part if said is None else said),
        )


def _first(part: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((part[name] for name in names if part.get(name) is not None), None)


def _text(value: Any) -> str:
    """Return a value to be read: a text as it is, anything else as indented JSON."""
    value = _unpacked(value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
