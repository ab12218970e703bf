"""The page of a timeline: its filters, the entries that fit, and the ways to older and newer ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from andon.console.screens.parts import UNTITLED
from andon.console.screens.timeline import ABOUT, Event, event
from andon.console.screens.words import inert, plain
from andon.domain.errors import InvalidInputError
from andon.domain.ledger import Entry, Kind
from andon.domain.sift import About, Sift

FIELDS: Final = ("kind", "who", "about", "since", "until", "important")


@dataclass(frozen=True, slots=True)
class TimelineScreen:
    """The page of a timeline."""

    incident: str
    title: str
    events: tuple[Event, ...]
    caption: str
    chosen: dict[str, str]
    kinds: tuple[tuple[str, str], ...]
    abouts: tuple[tuple[str, str], ...]
    narrowed: bool
    newest: str
    older: str


def timeline_screen(
    incident: str,
    title: str | None,
    entries: Sequence[Entry],
    chosen: Mapping[str, str],
    now: datetime,
    *,
    before: int | None,
    older: int | None,
) -> TimelineScreen:
    """Return the page; `older` is before which sequence the next page begins."""
    place = f"/incidents/{incident}/timeline"
    kept = {name: value for name, value in chosen.items() if value}
    return TimelineScreen(
        incident=incident,
        title=inert(title) if title else UNTITLED,
        events=tuple(event(one, now) for one in entries),
        caption=_caption(entries, narrowed=bool(kept)),
        chosen={name: chosen.get(name, "") for name in FIELDS},
        kinds=tuple((one.value, plain(one)) for one in sorted(Kind)),
        abouts=tuple((one.value, ABOUT[one]) for one in About),
        narrowed=bool(kept),
        newest=_address(place, kept) if before is not None else "",
        older=_address(place, {**kept, "before": str(older)}) if older is not None else "",
    )


def sift_of(chosen: Mapping[str, str], now: datetime) -> Sift:
    """Read the filters as a form sends them; its times are in the reader's zone.

    Raises:
        InvalidInputError: a value can't be one of them.
    """
    try:
        about = About(chosen["about"]) if chosen.get("about") else None
    except ValueError as error:
        raise InvalidInputError(f"about: choose one of {', '.join(About)}") from error
    return Sift(
        kind=chosen.get("kind", ""),
        who=chosen.get("who", "").strip(),
        about=about,
        since=_time(chosen, "since", now),
        until=_time(chosen, "until", now),
        important=chosen.get("important") == "yes",
    )


def _time(chosen: Mapping[str, str], name: str, now: datetime) -> datetime | None:
    if not chosen.get(name):
        return None
    try:
        at = datetime.fromisoformat(chosen[name])
    except ValueError as error:
        raise InvalidInputError(f"{name}: give a day and a time, such as 2026-03-01T10:00") from error
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo or UTC)


def _caption(entries: Sequence[Entry], *, narrowed: bool) -> str:
    if not entries:
        return ""
    last, first = entries[0].sequence, entries[-1].sequence
    fitting = "those that fit, newest first" if narrowed else "newest first"
    return f"Entries {first} to {last}, {fitting}" if last != first else f"Entry {first}"


def _address(place: str, query: Mapping[str, str]) -> str:
    return f"{place}?{urlencode(query)}" if query else place
