"""The page that says who looked at an incident's evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.access import AccessPage, AccessShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, lower
from andon.domain.custody import AccessKind

WORDS: Final[dict[str, str]] = {
    AccessKind.VIEWED: "was shown a redacted view",
    AccessKind.VIEW_REFUSED: "was refused a view",
    AccessKind.READ_RAW: "was given an original",
    AccessKind.RAW_REFUSED: "was refused an original",
    AccessKind.EXPORTED: "exported the incident",
    AccessKind.EXPORT_REFUSED: "was refused an export",
    AccessKind.REPRODUCED: "had the failing input sent to the staging copy",
    AccessKind.HOLD_ASKED: "put a legal hold on the evidence",
    AccessKind.HELD: "set the hold on every object in the store, and read it back",
    AccessKind.HOLD_LIFT_ASKED: "lifted the legal hold",
    AccessKind.HOLD_LIFTED: "took the hold off every object in the store, and read it back",
    AccessKind.HOLD_REFUSED: "was refused a change of the legal hold",
    AccessKind.ERASURE_ASKED: "asked for an erasure",
    AccessKind.ERASURE_CONFIRMED: "agreed to an erasure",
    AccessKind.ERASURE_REFUSED: "was refused an erasure",
    AccessKind.KEY_SHREDDED: "destroyed keys: what they opened is erased",
    AccessKind.LOCK_EXTENDED: "locked evidence for longer",
    AccessKind.EXPIRED: "destroyed the key of an item whose time ran out",
    AccessKind.OBJECT_DELETED: "deleted stored bytes whose time ran out",
    AccessKind.ARCHIVED: "archived the incident",
}


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One line of who did what."""

    sequence: int
    at: Moment
    actor: str
    role: str
    what: str
    item: str
    outcome: str


@dataclass(frozen=True, slots=True)
class AccessScreen:
    """The page of one incident."""

    incident: IncidentLine
    lines: tuple[AccessLine, ...]
    length: int
    earlier: int
    head: str
    waiting: int


def access_screen(incident: IncidentShown, page: AccessPage, now: datetime) -> AccessScreen:
    """Return the page, newest first."""
    return AccessScreen(
        incident=incident_line(incident, now, linked=True),
        lines=tuple(_line(one, now) for one in reversed(page.entries)),
        length=page.head.length,
        earlier=page.entries[0].sequence if page.entries else 0,
        head=page.head.digest,
        waiting=page.waiting,
    )


def _line(one: AccessShown, now: datetime) -> AccessLine:
    return AccessLine(
        sequence=one.sequence,
        at=moment(one.at, now),
        actor=one.actor.removeprefix("person:"),
        role=lower(one.role) if one.role else "",
        what=WORDS.get(one.what, lower(one.what)),
        item=inert(one.item),
        outcome=inert(one.outcome),
    )
