"""Finding passages in a text: shapes by RE2, checks one by one, overlaps settled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from andon.adapters.redaction.patterns import Pass

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DASHES: Final = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212, 0xFE63), ord("-"))
_SPACES: Final = dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), ord(" "))
_DIGITS: Final = {zero + value: ord("0") + value for zero in (0x0660, 0x06F0, 0x0966) for value in range(10)}
_LONE: Final = dict.fromkeys(range(0xD800, 0xE000), ord("?"))
SHADOW: Final = {**_LONE, **_WIDE, **_DASHES, **_SPACES, **_DIGITS}
"""Characters that read like plain ones; each becomes one, so that positions stay."""

BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)\u30fc(?=\d)")
"""The sign that lengthens a vowel in Japanese is typed for a dash in numbers."""

MARKED: Final = "[secret:"
MARK: Final = re.compile(r"\[secret:[a-z_]+:[0-9a-f]{12}\]")
"""What stands for a secret that was masked before it was stored; it is nothing to be found again."""

UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""Characters that nobody sees and that would tear a passage apart."""

ODD: Final = re.compile(f"[{re.escape(''.join(map(chr, SHADOW)))}]")
HIDDEN: Final = re.compile(f"[{''.join(sorted(UNSEEN))}]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a rule recognised."""

    start: int
    end: int
    rule: str


def scan(text: str, passes: Sequence[Pass]) -> list[Hit]:
    """Return the passages that the passes recognise, in order and apart from one another."""
    marks = [match.span() for match in MARK.finditer(text)] if MARKED in text else []
    hits = _settled(_found(text, passes))
    return [hit for hit in hits if not any(start <= hit.start and hit.end <= end for start, end in marks)]


def _found(text: str, passes: Sequence[Pass]) -> Iterator[Hit]:
    if text.isascii():
        return _hits(text, passes)
    shadow = BETWEEN_DIGITS.sub("-", ODD.sub(_shadow, text))
    if not HIDDEN.search(shadow):
        return _hits(shadow, passes)
    seen = [position for position, char in enumerate(shadow) if char not in UNSEEN]
    hits = _hits("".join(shadow[at] for at in seen), passes)
    return (Hit(seen[hit.start], seen[hit.end - 1] + 1, hit.rule) for hit in hits)


def _shadow(match: re.Match[str]) -> str:
    return chr(SHADOW[ord(match[0])])


def _hits(text: str, passes: Sequence[Pass]) -> Iterator[Hit]:
    """Yield what each pass finds; RE2 counts bytes, and checks look at characters."""
    searched = text.encode()
    plain = len(searched) == len(text)
    for one in passes:
        at_byte = at_char = 0
        for match in one.expression.finditer(searched):
            first, last = match.span()
            if not plain:
                at_char += len(searched[at_byte:first].decode())
                at_byte = first
            hit = _judged(one, text, at_char if not plain else first, searched[first:last])
            if hit is not None:
                yield hit


def _judged(one: Pass, text: str, start: int, passage: bytes) -> Hit | None:
    """Return what a passage is, by the first shape that it has and whose check it passes."""
    if passage.isdigit() and len(passage) in one.bare:
        bare = one.bare[len(passage)]
        judged = bare.check(text, start, start + len(passage))
        return None if judged is None else Hit(start, judged, bare.rule)
    for shape in one.shapes:
        match = shape.fit(passage)
        if match is None:
            continue
        first, last = match.span(1)
        if not passage.isascii():
            first, last = len(passage[:first].decode()), len(passage[:last].decode())
        end = shape.check(text, start + first, start + last)
        if end is not None:
            return Hit(start + first, end, shape.rule)
    return None


def _settled(hits: Iterator[Hit]) -> list[Hit]:
    """Join what overlaps under the rule that was found first, so that no end of a passage stays in sight."""
    ranked = sorted(enumerate(hits), key=lambda one: (one[1].start, one[0]))
    settled: list[tuple[int, Hit]] = []
    for rank, hit in ranked:
        if not settled or hit.start >= settled[-1][1].end:
            settled.append((rank, hit))
            continue
        before_rank, before = settled[-1]
        first, rule = min((before_rank, before.rule), (rank, hit.rule))
        settled[-1] = (first, Hit(before.start, max(before.end, hit.end), rule))
    return [hit for _, hit in settled]
