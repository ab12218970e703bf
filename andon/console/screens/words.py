"""The words pages use for codes, and making other people's words harmless to read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from andon.domain import code_words
from andon.domain.code_words import (
    ENDINGS,
    GAPS,
    QUESTIONS,
    STAGES,
    VERBS,
    action,
    lower,
    plain,
)
from andon.domain.containment import OrderState
from andon.domain.evidence import RowState

__all__ = [
    "CONTAINED",
    "ENDINGS",
    "GAPS",
    "NOTHING_TO_CONTAIN",
    "NOT_CONTAINED",
    "ORDERS",
    "QUESTIONS",
    "RELEASED",
    "ROWS",
    "STAGES",
    "VERBS",
    "Status",
    "action",
    "in_words",
    "inert",
    "listed",
    "lower",
    "plain",
]


@dataclass(frozen=True, slots=True)
class Status:
    """A state in words, with a mark and a tone; the words alone say it all."""

    text: str
    mark: str
    tone: str


ORDERS: Final = {
    OrderState.REQUESTED: Status(code_words.ORDERS[OrderState.REQUESTED], "…", "warn"),
    OrderState.APPLIED: Status(code_words.ORDERS[OrderState.APPLIED], "…", "warn"),
    OrderState.PROVEN: Status(code_words.ORDERS[OrderState.PROVEN], "✓", "good"),
    OrderState.UNPROVEN: Status(code_words.ORDERS[OrderState.UNPROVEN], "!", "bad"),
    OrderState.FAILED: Status(code_words.ORDERS[OrderState.FAILED], "✕", "bad"),
    OrderState.RELEASED: Status(code_words.ORDERS[OrderState.RELEASED], "○", "quiet"),
    OrderState.EXPIRED: Status(code_words.ORDERS[OrderState.EXPIRED], "!", "warn"),
}
ROWS: Final = {
    RowState.CAPTURED: Status(code_words.ROWS[RowState.CAPTURED], "✓", "good"),
    RowState.NOT_APPLICABLE: Status(code_words.ROWS[RowState.NOT_APPLICABLE], "-", "quiet"),
    RowState.GAP: Status(code_words.ROWS[RowState.GAP], "!", "warn"),
}
CONTAINED: Final = Status("Contained and proven", "✓", "good")
NOT_CONTAINED: Final = Status("Not contained", "!", "bad")
RELEASED: Final = Status("Back in service", "○", "quiet")
NOTHING_TO_CONTAIN: Final = Status("Containment not called for", "-", "quiet")


def listed(codes: tuple[str, ...] | list[str], *, last: str = "or") -> str:
    """Return codes as a list in words."""
    words = [lower(code) for code in codes]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def in_words(text: str, *ids: str) -> str:
    """Return a value that is nothing but codes in words; a sentence stays as it is, and so do these ids."""
    if text in ids or not _CODES.fullmatch(text):
        return text
    return _CODE.sub(lambda found: found[0] if found[0] in ids else lower(found[0]), text)


_CODE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_CODES: Final = re.compile(r"[a-z0-9_]+(?:(?:, |; |: | )[a-z0-9_]+)*")


def inert(text: str) -> str:
    """Return other people's words without characters that could act or reorder what is read.

    Control and format characters (ANSI escapes, bidirectional overrides, zero-width ones) become
    visible replacement characters; a template escapes the rest.
    """
    return "".join(_seen(character) for character in text)


_ACTIVE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS: Final = frozenset({"\u200c", "\u200d"})
"""Several scripts, and composed emoji, can't be written without these."""


def _seen(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) in _ACTIVE and character not in _JOINERS:
        return "\ufffd"
    return character
