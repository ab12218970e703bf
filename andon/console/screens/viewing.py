"""The page of one redacted view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.viewing import ViewShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, plain
from andon.domain.redaction import RULES, Level, Withheld
from andon.domain.turns import turns_in
from andon.domain.unseen import Hidden, Piece, hidden_in, lines
from andon.domain.unseen import as_it_was as restored

CHARS_AT_MOST: Final = 200_000
"""Longer text makes a page that no browser scrolls; the rest is in the file."""
LINES_AT_MOST: Final = 5_000

RULE_WORDS: Final = {
    "aws_key": "AWS key",
    "de_idnr": "German tax number",
    "de_rvnr": "German pension insurance number",
    "email": "E-mail address",
    "fr_nir": "French social security number",
    "gb_nhs": "British NHS number",
    "gb_nino": "British national insurance number",
    "iban": "IBAN",
    "ip_address": "IP address",
    "jp_my_number": "Japanese My Number",
    "jwt": "JSON web token",
    "mac_address": "MAC address",
    "named_secret": "Secret behind its name",
    "url_credentials": "User and password in a URL",
    "us_ssn": "American social security number",
    "vendor_key": "Key of a vendor",
}

WITHHELD: Final = {
    Withheld.BINARY: "It is no text, so nobody can say what of it may be shown.",
    Withheld.TOO_LARGE: "It is too large to be redacted for reading.",
    Withheld.ERASED: "Its content was erased by policy; its digest still stands.",
}


@dataclass(frozen=True, slots=True)
class FoundLine:
    """What one rule recognised."""

    rule: str
    category: str
    count: int


HIDDEN: Final = {
    Hidden.CONTROL: "control character",
    Hidden.SEQUENCE: "what a terminal would act on",
    Hidden.DIRECTION: "changes the order of what is shown",
    Hidden.ZERO_WIDTH: "nobody sees it",
    Hidden.TAG: "letters nobody sees, which a model reads",
    Hidden.SURROGATE: "half a character",
    Hidden.MIXED: "letters of several scripts that look alike",
}


@dataclass(frozen=True, slots=True)
class HiddenLine:
    """One sort of what is hidden in a text."""

    code: str
    name: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class TurnLine:
    """One turn of a conversation."""

    who: str
    does: str
    what: str
    lines: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A text as it is shown: in lines of pieces, or as it is."""

    lines: tuple[tuple[Piece, ...], ...]
    as_it_was: str | None
    """The text with the characters themselves; None: they are named instead."""
    hidden: tuple[HiddenLine, ...]
    hidden_count: int
    turns: tuple[TurnLine, ...]
    cut: int


@dataclass(frozen=True, slots=True)
class ViewScreen:
    """The page of one redacted view."""

    incident: IncidentLine
    item: str
    kind: str
    source: str
    captured: Moment
    sha256: str
    digest: str
    engine: str
    found: tuple[FoundLine, ...]
    left_out: int
    content: Content | None
    instead: str


def view_screen(
    incident: IncidentShown, view: ViewShown, now: datetime, *, as_it_was: bool = False
) -> ViewScreen:
    """Return the page; `as_it_was` shows what is hidden as itself, which may deceive."""
    return ViewScreen(
        incident=incident_line(incident, now, linked=True),
        item=inert(view.item),
        kind=plain(view.kind),
        source=view.source,
        captured=moment(view.captured_at, now),
        sha256=view.sha256,
        digest=view.digest,
        engine=view.engine,
        found=tuple(FoundLine(_rule(rule), _category(rule), count) for rule, count in view.found.items()),
        left_out=view.left_out,
        content=None if view.text is None else content_of(view.text, as_it_was=as_it_was),
        instead=_instead(view),
    )


def content_of(text: str, *, as_it_was: bool) -> Content:
    """Return a text as it is shown, as much of it as makes a page."""
    shown = _first_of(text)
    found = [tuple(line) for line in lines(shown, json=text[:1] in ("{", "["))]
    hidden = hidden_in(chain.from_iterable(found))
    return Content(
        lines=tuple(found),
        as_it_was=restored(shown) if as_it_was else None,
        hidden=tuple(_hidden(one, count) for one, count in hidden),
        hidden_count=sum(count for _, count in hidden),
        turns=tuple(
            TurnLine(inert(one.who)[:64], one.does, inert(one.what)[:128], tuple(map(tuple, lines(one.text))))
            for one in turns_in(text)
        ),
        cut=len(text) - len(shown),
    )


def _first_of(text: str) -> str:
    shown = text[:CHARS_AT_MOST]
    return "\n".join(shown.split("\n", LINES_AT_MOST)[:LINES_AT_MOST])


def _hidden(one: Piece, count: int) -> HiddenLine:
    what = HIDDEN[one.kind] if one.kind is not None else ""
    return HiddenLine(code=one.code, name=inert(one.name), what=what, count=count)


def _rule(rule: str) -> str:
    return RULE_WORDS.get(rule) or plain(rule)


def _category(rule: str) -> str:
    category = RULES.get(rule)
    return plain(category.value) if category else "Other"


def _instead(view: ViewShown) -> str:
    if view.level is not Level.CONTENT:
        return "Your role sees what kinds of data are in it, and how often, and not a word of it."
    return WITHHELD[view.withheld] if view.withheld else ""
