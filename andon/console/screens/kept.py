"""What somebody typed before their session ended, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andon.console.step_up import Held, way_back

UNSEEN: Final = frozenset({"key", "held", "back"})
"""What a form carries for its own sake."""


@dataclass(frozen=True, slots=True)
class KeptField:
    """One field: what it is called, and what was in it."""

    name: str
    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class KeptScreen:
    """The fields, and the page they were typed on."""

    fields: tuple[KeptField, ...]
    back: str


def kept_screen(held: Held, secret: str) -> KeptScreen:
    """Return the page of a kept form; its page is asked to fill itself in where it can."""
    shown = (
        KeptField(_called(name), text, min(12, text.count("\n") + len(text) // 60 + 1))
        for name, text in held.fields.items()
        if name not in UNSEEN
    )
    return KeptScreen(tuple(shown), way_back(held, secret))


def _called(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ").strip().capitalize()
