"""What an incident or quality issue belongs together with, as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.words import lower
from andon.register.links import Link, LinkKind

SAID: Final[dict[LinkKind, tuple[str, str]]] = {
    LinkKind.RECURRENCE: ("Came back as", "Happened before as"),
    LinkKind.PROMOTED: ("Became", "Was"),
    LinkKind.PATTERN: ("One case of the pattern in", "Pattern that includes"),
    LinkKind.SUGGESTED: ("May be the same as", "May be the same as"),
    LinkKind.MERGED: ("Merged into", "Decides also for"),
    LinkKind.SPLIT: ("Split off from it", "Split off from"),
    LinkKind.STORM: ("Part of the storm in", "Storm that includes"),
    LinkKind.RELATED: ("Belongs together with", "Belongs together with"),
}
"""What a link says at its origin, and at its target."""
WHYS: Final = {
    "same_trace": "both name the same trace",
    "same_cause": "both have the same cause",
    "same_time": "both came at the same time",
    "same_key": "both came under the same key",
    "person": "as somebody said",
}
"""Why a link is there, by its code; a cause stands for itself."""
WHOLE: Final = 20
"""So many links are shown; a storm or a pattern may have hundreds."""


@dataclass(frozen=True, slots=True)
class LinkLine:
    """One link, seen from one of its ends."""

    says: str
    other: str
    href: str
    why: str
    since: Moment
    ended: bool


@dataclass(frozen=True, slots=True)
class TiedBox:
    """What an incident belongs together with."""

    merged_into: str | None
    taken_in: tuple[tuple[str, str], ...]
    lines: tuple[LinkLine, ...]
    more: int
    closed: bool
    place: str
    """Where it is merged, parted, split and linked."""


def tied_box(incident: IncidentShown, now: datetime) -> TiedBox:
    """Return what an incident belongs together with."""
    lines = link_lines(incident.id, incident.links, now)
    return TiedBox(
        merged_into=incident.merged_into,
        taken_in=tuple((one, own_page(one)) for one in incident.taken_in),
        lines=tuple(lines[:WHOLE]),
        more=max(len(lines) - WHOLE, 0),
        closed=incident.closed_at is not None,
        place=f"/incidents/{incident.id}/links",
    )


def link_lines(end: str, links: Sequence[Link], now: datetime) -> list[LinkLine]:
    """Return links as they read at one end, newest first."""
    return [_line(end, link, now) for link in reversed(links)]


def why_in_words(why: str) -> str:
    """Say why a link is there."""
    return WHYS.get(why) or lower(why.replace(":", " "))


def own_page(name: str) -> str:
    """Return where something has its own page, though it may have been merged."""
    return f"/quality/{name}" if name.startswith("QI-") else f"/incidents/{name}?own=1"


def _line(end: str, link: Link, now: datetime) -> LinkLine:
    leads = link.origin == end
    other = link.target if leads else link.origin
    at_origin, at_target = SAID[link.kind]
    return LinkLine(
        says=at_origin if leads else at_target,
        other=other,
        href=own_page(other),
        why=why_in_words(link.why),
        since=moment(link.at, now),
        ended=link.ended_at is not None,
    )
