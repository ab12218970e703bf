"""The page of one redacted view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.models.viewing import ViewShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, plain
from andon.domain.redaction import RULES, Level, Withheld

CHARS_AT_MOST: Final = 200_000
"""Longer text makes a page that no browser scrolls; the rest is in the file."""

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
    text: str | None
    cut: int
    instead: str


def view_screen(incident: IncidentShown, view: ViewShown, now: datetime) -> ViewScreen:
    """Return the page."""
    text = view.text
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
        text=None if text is None else text[:CHARS_AT_MOST],
        cut=0 if text is None else max(len(text) - CHARS_AT_MOST, 0),
        instead=_instead(view),
    )


def _rule(rule: str) -> str:
    return RULE_WORDS.get(rule) or plain(rule)


def _category(rule: str) -> str:
    category = RULES.get(rule)
    return plain(category.value) if category else "Other"


def _instead(view: ViewShown) -> str:
    if view.level is not Level.CONTENT:
        return "Your role sees what kinds of data are in it, and how often, and not a word of it."
    return WITHHELD[view.withheld] if view.withheld else ""
