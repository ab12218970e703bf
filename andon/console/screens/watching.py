"""The watch after a restart, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.watch import WatchShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.domain.watch import LookKept, SampledReview

SEEN: Final = {
    "as_approved": "as approved",
    "within": "within its limits",
    "crossed": "beyond its limits",
    "unreadable": "could not be read",
}


@dataclass(frozen=True, slots=True)
class LookLine:
    """The last look at one signal."""

    name: str
    said: str
    limits: str
    at: Moment


@dataclass(frozen=True, slots=True)
class WatchBox:
    """What is watched, until when, and what was seen last."""

    watching: bool
    until: Moment | None
    review: SampledReview | None
    looks: tuple[LookLine, ...]


def watch_box(watch: WatchShown, now: datetime) -> WatchBox:
    """Return the watch as it is shown."""
    return WatchBox(
        watching=watch.watching,
        until=maybe(watch.until, now),
        review=watch.review,
        looks=tuple(_line(one, now) for one in watch.looks),
    )


def _line(one: LookKept, now: datetime) -> LookLine:
    said = SEEN.get(one.saw, one.saw)
    if one.value is not None:
        said += f": {one.value:g}"
    if one.unread:
        said += f" ({one.why.replace('_', ' ')}), {one.unread} times in a row"
    bounds = [f"at least {one.least:g}"] if one.least is not None else []
    bounds += [f"at most {one.most:g}"] if one.most is not None else []
    return LookLine(name=one.name, said=said, limits=", ".join(bounds), at=moment(one.at, now))
