"""Text that somebody may have written to deceive: what is hidden in it is told apart and named.

It comes as `redaction.visible` leaves it, where what nobody sees is written as its code between angle
brackets, or as it was. Nothing is left out.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from andon.domain.redaction import is_plain

LEFT, RIGHT = "\u27e8", "\u27e9"


class Hidden(StrEnum):
    """What a piece of text is that is not simply read."""

    CONTROL = "control"
    SEQUENCE = "sequence"
    """What a terminal would act on (ECMA-48)."""
    DIRECTION = "direction"
    """Changes the order in which text is shown (UAX 9)."""
    ZERO_WIDTH = "zero_width"
    TAG = "tag"
    """Letters that no font draws (Unicode block Tags), which a model reads all the same."""
    SURROGATE = "surrogate"
    MIXED = "mixed"
    """A word with letters of several scripts that look alike."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `kind` is None where it is simply read."""

    text: str
    kind: Hidden | None = None
    code: str = ""
    name: str = ""


_MARK: Final = re.compile(f"{LEFT}U\\+([0-9A-F]{{4,6}}){RIGHT}")
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_AFTER_ESCAPE: Final = re.compile(r"\[[0-?]*[ -/]*[@-~]|\][^\n\u27e8]{0,200}")
_WORD: Final = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts whose letters are taken for each other; other mixtures are how people write."""
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TAGS: Final = range(0xE0000, 0xE0080)
_SURROGATES: Final = range(0xD800, 0xE000)
_CONTROLS: Final = [
    "NULL",
    "START OF HEADING",
    "START OF TEXT",
    "END OF TEXT",
    "END OF TRANSMISSION",
    "ENQUIRY",
    "ACKNOWLEDGE",
    "BELL",
    "BACKSPACE",
    "TABULATION",
    "LINE FEED",
    "LINE TABULATION",
    "FORM FEED",
    "CARRIAGE RETURN",
    "SHIFT OUT",
    "SHIFT IN",
    "DATA LINK ESCAPE",
    "DEVICE CONTROL ONE",
    "DEVICE CONTROL TWO",
    "DEVICE CONTROL THREE",
    "DEVICE CONTROL FOUR",
    "NEGATIVE ACKNOWLEDGE",
    "SYNCHRONOUS IDLE",
    "END OF TRANSMISSION BLOCK",
    "CANCEL",
    "END OF MEDIUM",
    "SUBSTITUTE",
    "ESCAPE",
    "FILE SEPARATOR",
    "GROUP SEPARATOR",
    "RECORD SEPARATOR",
    "UNIT SEPARATOR",
]
_NAMED: Final = {0x7F: "DELETE", 0x85: "NEXT LINE", 0x9B: "CONTROL SEQUENCE INTRODUCER"}


def pieces(text: str, *, json: bool = False) -> list[Piece]:
    r"""Return a text in pieces, in their order; what is hidden is a piece of its own, with its name.

    Args:
        text: one line or more.
        json: whether it is JSON, in which `\u001b` is written for an escape.
    """
    if text.isascii() and text.isprintable() and not (json and "\\u" in text):
        return [Piece(text)] if text else []
    found: list[Piece] = []
    plain: list[str] = []

    def end_plain() -> None:
        if plain:
            found.extend(_words("".join(plain)))
            plain.clear()

    for char, written in _characters(text, json=json):
        if is_plain(char):
            plain.append(char if written[0] == LEFT else written)
            continue
        end_plain()
        found.append(_named(char, written))
    end_plain()
    return list(_joined(found))


def hidden_in(parts: Iterable[Piece]) -> list[tuple[Piece, int]]:
    """Return each sort of hidden piece once, with how often it occurs, the most frequent first."""
    hidden = [one for one in parts if one.kind is not None]
    first = {(one.kind, one.name): one for one in reversed(hidden)}
    counted = Counter((one.kind, one.name) for one in hidden)
    return [(first[key], count) for key, count in counted.most_common()]


def lines(text: str, *, json: bool = False) -> list[list[Piece]]:
    """Return the lines of a text, each in pieces."""
    return [pieces(line, json=json) for line in text.split("\n")]


def as_it_was(text: str) -> str:
    """Return a text with the characters themselves in place of their codes, as far as a page can hold them.

    What no page can hold, such as a NUL or half a surrogate pair, stays a replacement character.
    """
    return "".join(char if _fits_a_page(char) else "\ufffd" for char, _ in _characters(text))


def _characters(text: str, *, json: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each character with how it is written."""
    at = 0
    while at < len(text):
        char, written = text[at], text[at]
        if char == LEFT and (found := _MARK.match(text, at)) and int(found[1], 16) <= sys.maxunicode:
            char, written = chr(int(found[1], 16)), found[0]
        elif json and char == "\\":
            found = _JSON_ESCAPE.match(text, at)
            # Of two backslashes the second one begins nothing.
            written = found[0] if found else text[at : at + 2]
            char = chr(int(found[1], 16)) if found else char
        yield char, written
        at += len(written)


def _named(char: str, written: str) -> Piece:
    code = ord(char)
    told = f"U+{code:04X}"
    if code in _TAGS:
        letter = chr(code - 0xE0000)
        return Piece(written, Hidden.TAG, told, letter if letter.isprintable() else "")
    if code in _SURROGATES:
        return Piece(written, Hidden.SURROGATE, told, "HALF OF A SURROGATE PAIR")
    if char in _DIRECTIONS:
        return Piece(written, Hidden.DIRECTION, told, unicodedata.name(char))
    if unicodedata.category(char) == "Cc":
        name = _CONTROLS[code] if code < len(_CONTROLS) else _NAMED.get(code, "CONTROL")
        return Piece(written, Hidden.CONTROL, told, name)
    return Piece(written, Hidden.ZERO_WIDTH, told, unicodedata.name(char, "UNNAMED"))


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Put together what belongs together: runs of tags, and an escape with what it begins."""
    at = 0
    while at < len(found):
        one = found[at]
        at += 1
        if one.kind is Hidden.TAG:
            run = [one]
            while at < len(found) and found[at].kind is Hidden.TAG:
                run.append(found[at])
                at += 1
            spelled = "".join(part.name for part in run)
            name = f"TAG CHARACTERS SPELLING {spelled!r}" if spelled else "TAG CHARACTERS"
            yield Piece("".join(part.text for part in run), Hidden.TAG, one.code, name)
        elif one.name == "ESCAPE" and at < len(found) and (match := _AFTER_ESCAPE.match(found[at].text)):
            rest = found[at]
            yield Piece(one.text + match[0], Hidden.SEQUENCE, one.code, f"ANSI SEQUENCE {match[0]}")
            if rest.text[match.end() :]:
                yield Piece(rest.text[match.end() :], rest.kind, rest.code, rest.name)
            at += 1
        else:
            yield one


def _words(text: str) -> Iterator[Piece]:
    """Yield plain text, with words of mixed scripts told apart."""
    if text.isascii():
        yield Piece(text)
        return
    last = 0
    for word in _WORD.finditer(text):
        scripts = () if word[0].isascii() else _scripts(word[0])
        if len(scripts) > 1:
            if word.start() > last:
                yield Piece(text[last : word.start()])
            yield Piece(word[0], Hidden.MIXED, "", f"A WORD OF {' AND '.join(scripts)} LETTERS")
            last = word.end()
    if last < len(text):
        yield Piece(text[last:])


def _scripts(word: str) -> tuple[str, ...]:
    names = {unicodedata.name(char, "").split(" ")[0] for char in word}
    return tuple(one for one in _SCRIPTS if one in names)


def _fits_a_page(char: str) -> bool:
    """Whether HTML can hold a character (no control but tab and line feed, no surrogate, no noncharacter)."""
    code = ord(char)
    if char in "\t\n":
        return True
    return unicodedata.category(char) not in ("Cc", "Cs") and code & 0xFFFE != 0xFFFE
