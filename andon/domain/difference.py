"""What changed between two states of an AI system's versions, part by part and word by word.

What is not known is never called unchanged: a part that only one side tells of, that leaves something open,
or that names a moving target such as `latest`, has no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from andon.domain.values import Frozen, Sha256Hex, digest_of

PARTS: Final = ("prompt", "model", "tools", "index", "config", "policy")
"""Parts that are compared even where neither side tells of them: then that they are not known is said."""
NOT_BELIEVED: Final = frozenset({"digest"})
"""What an answer says of its own digest is computed here instead."""
OPEN: Final = frozenset({"", "unknown", "not known", "n/a", "none"})
MOVING: Final = frozenset({"latest", "current", "newest", "stable", "default"})
"""Names under which something else may stand tomorrow."""
NAMES: Final = frozenset({"id", "name", "names", "version", "release", "provider"})
"""What says which version something is, and nothing of what is in it."""
NAMES_AT_MOST: Final = 6
LEAVES_AT_MOST: Final = 40
LONG_TEXT: Final = 80
LINES_AT_MOST: Final = 800
WORDS_AT_MOST: Final = 400
AROUND: Final = 2
"""Unchanged lines that are shown on either side of a change."""


class Verdict(StrEnum):
    """What may be said of one part."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NOT_KNOWN = "not_known"


class Why(StrEnum):
    """Why a part has no verdict."""

    NEITHER_SAYS = "neither_says"
    BEFORE_NOT_KNOWN = "before_not_known"
    AFTER_NOT_KNOWN = "after_not_known"
    LEFT_OPEN = "left_open"
    MASKED = "masked"
    """Something in it was not kept, so it can't be told whether that is the same."""
    MOVING_NAME = "moving_name"


class Leaf(Frozen):
    """One value of a part that is not the same; None: that side does not have it."""

    path: str
    before: str | None
    after: str | None


class PartDifference(Frozen):
    """One part of the versions, before and after."""

    part: str
    verdict: Verdict
    why: Why | None = Field(None, description="why there is no verdict")
    before: Sha256Hex | None = Field(
        description="digest of this part before, as {part: value}; None: not known"
    )
    after: Sha256Hex | None = Field(description="digest of this part after; None: not known")
    leaves: tuple[Leaf, ...] = Field((), description="the values that differ, the first 40")


class Mark(StrEnum):
    """What became of a line."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"
    SKIPPED = "skipped"
    """Stands for unchanged lines that are not shown."""


class Line(Frozen):
    """One line of a text difference; each piece of it says whether it is what differs."""

    mark: Mark
    pieces: tuple[tuple[str, bool], ...]


Versions = Mapping[str, Any]


def part_differences(
    before: Versions | None, after: Versions | None, *, masked: bool = False
) -> tuple[PartDifference, ...]:
    """Compare versions part by part.

    Args:
        before: None, if that side is not known at all.
        after: the same.
        masked: whether something was not kept of one of them, so that equal parts may not be equal.
    """
    named = {*(before or ()), *(after or ())} - NOT_BELIEVED
    order = (*PARTS, *sorted(named - set(PARTS)))
    return tuple(_part(name, _told(before, name), _told(after, name), masked=masked) for name in order)


def names_of(part: object) -> tuple[tuple[str, str], ...]:
    """Return what says which version a part is, with where it stands."""
    found = [
        (path, value)
        for path, value in _leaves(part, "")
        if isinstance(value, str) and value and is_name(path) and not _is_text(value)
    ]
    return tuple(found[:NAMES_AT_MOST])


def is_name(path: str) -> bool:
    """Whether the value that stands there says which version it is."""
    return any(step in NAMES for step in path.split(".")[-2:] if not step.isdecimal())


def texts_of(part: object) -> dict[str, str]:
    """Return the long texts in a part by their path: a prompt, a template."""
    found = dict(_leaves(part, ""))
    return {path: text for path, text in found.items() if isinstance(text, str) and _is_text(text)}


def text_difference(before: str, after: str) -> tuple[Line, ...]:
    """Compare two texts sentence by sentence, and mark the words that differ."""
    one, other = _sentences(before), _sentences(after)
    found: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [_line(Mark.KEPT, text) for text in one[a:b]]
        elif tag == "replace" and b - a == d - c:
            for removed, added in zip(one[a:b], other[c:d], strict=True):
                found += _pair(removed, added)
        else:
            found += [_line(Mark.REMOVED, text) for text in one[a:b]]
            found += [_line(Mark.ADDED, text) for text in other[c:d]]
    return tuple(_folded(found))


def _told(versions: Versions | None, name: str) -> object:
    value = (versions or {}).get(name)
    return None if value in (None, "", [], {}) else value


def _part(name: str, before: object, after: object, *, masked: bool) -> PartDifference:
    one, other = (digest_of({name: value}) if value is not None else None for value in (before, after))
    verdict, why = _verdict(before, after, same=one == other)
    if masked and verdict is Verdict.UNCHANGED:
        verdict, why = Verdict.NOT_KNOWN, Why.MASKED
    told = before is not None and after is not None
    return PartDifference(
        part=name,
        verdict=verdict,
        why=why,
        before=one,
        after=other,
        leaves=tuple(_differing(before, after))[:LEAVES_AT_MOST] if told else (),
    )


def _verdict(before: object, after: object, *, same: bool) -> tuple[Verdict, Why | None]:
    if before is None or after is None:
        if before is after:
            return Verdict.NOT_KNOWN, Why.NEITHER_SAYS
        return Verdict.NOT_KNOWN, Why.BEFORE_NOT_KNOWN if before is None else Why.AFTER_NOT_KNOWN
    if not same:
        return Verdict.CHANGED, None
    values = [value for _, value in _leaves(before, "")]
    if any(value is None or _plain(value) in OPEN for value in values):
        return Verdict.NOT_KNOWN, Why.LEFT_OPEN
    if any(_plain(value) in MOVING for value in values):
        return Verdict.NOT_KNOWN, Why.MOVING_NAME
    return Verdict.UNCHANGED, None


def _plain(value: object) -> str:
    return value.strip().casefold() if isinstance(value, str) else "told"


def _differing(before: object, after: object) -> Iterator[Leaf]:
    one, other = dict(_leaves(before, "")), dict(_leaves(after, ""))
    for path in dict.fromkeys((*one, *other)):
        had, has = (side.get(path, _ABSENT) for side in (one, other))
        if had is _ABSENT or has is _ABSENT or digest_of([had]) != digest_of([has]):
            yield Leaf(path=path, before=_shown(had), after=_shown(has))


_ABSENT: Final = object()


def _shown(value: object) -> str | None:
    if value is _ABSENT:
        return None
    return value if isinstance(value, str) else "not told" if value is None else str(value)


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield each value with where it stands: `definitions.0.name`."""
    if isinstance(value, Mapping) and value:
        for name in sorted(value):
            yield from _leaves(value[name], f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for number, one in enumerate(value):
            yield from _leaves(one, f"{path}.{number}" if path else str(number))
    else:
        yield path, value


def _is_text(text: str) -> bool:
    return "\n" in text.strip() or (len(text) >= LONG_TEXT and " " in text)


def _sentences(text: str) -> list[str]:
    lines = [one for line in text.splitlines() for one in re.split(r"(?<=[.!?;:])\s+", line) if one.strip()]
    if len(lines) > LINES_AT_MOST:
        return [*lines[:LINES_AT_MOST], f"({len(lines) - LINES_AT_MOST} more lines are not compared)"]
    return lines


def _line(mark: Mark, text: str, *, differs: bool = False) -> Line:
    return Line(mark=mark, pieces=((text, differs),))


def _pair(removed: str, added: str) -> tuple[Line, Line]:
    """Return a line that was replaced and the one in its place, with the words that differ."""
    one, other = _words(removed), _words(added)
    if max(len(one), len(other)) > WORDS_AT_MOST:
        return _line(Mark.REMOVED, removed), _line(Mark.ADDED, added)
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    gone: list[tuple[str, bool]] = []
    come: list[tuple[str, bool]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        gone.append(("".join(one[a:b]), tag != "equal"))
        come.append(("".join(other[c:d]), tag != "equal"))
    return _pieces(Mark.REMOVED, gone), _pieces(Mark.ADDED, come)


def _pieces(mark: Mark, pieces: Sequence[tuple[str, bool]]) -> Line:
    return Line(mark=mark, pieces=tuple(one for one in pieces if one[0]))


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|[^\s]+", text)


def _folded(lines: Sequence[Line]) -> Iterator[Line]:
    """Leave out unchanged lines that are far from every change, and say how many."""
    near = {
        place
        for number, line in enumerate(lines)
        if line.mark is not Mark.KEPT
        for place in range(number - AROUND, number + AROUND + 1)
    }
    skipped = 0
    for number, line in enumerate(lines):
        if number not in near:
            skipped += 1
            continue
        if skipped:
            yield _line(Mark.SKIPPED, f"{skipped} unchanged")
            skipped = 0
        yield line
    if skipped:
        yield _line(Mark.SKIPPED, f"{skipped} unchanged")
