"""The pages that say who looked at evidence: of one incident, and of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from andon.console.looked import Asked
from andon.console.models.access import AccessFound, AccessShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, lower
from andon.domain.custody import AccessKind
from andon.domain.ledger import Head

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
    AccessKind.FOLLOW_UP_BEGUN: "began to keep after the changes of the closed incident",
    AccessKind.CHANGE_REMINDED: "reminded the owner of a change",
    AccessKind.CHANGE_OVERDUE: "found a change overdue",
    AccessKind.CHANGE_ESCALATED: "took an overdue change to the next authority",
    AccessKind.CHANGE_PROVEN: "proved that a change is made",
    AccessKind.CHANGE_DROPPED: "said that a change will not be made",
    AccessKind.CHANGE_REFUSED: "was refused a word on a change",
    AccessKind.RECURRENCE_MEASURED: "counted incidents like this one since its close",
    AccessKind.FOLLOW_UP_ENDED: "ended keeping after the changes",
    AccessKind.LINKED: "linked it to another one",
    AccessKind.UNLINKED: "ended a link to another one",
    AccessKind.MERGE_DECLINED: "said that it is not the same as another one",
}


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One line of who did what."""

    incident: str
    sequence: int
    at: Moment
    actor: str
    role: str
    what: str
    item: str
    outcome: str


@dataclass(frozen=True, slots=True)
class AccessChoice:
    """A kind of entry that can be looked for."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class AccessTable:
    """Entries, newest first, with what was looked for and where the pages before and after are."""

    lines: tuple[AccessLine, ...]
    asked: Asked
    choices: tuple[AccessChoice, ...]
    narrowed: bool
    count: str
    older: str
    newest: str
    problem: str


@dataclass(frozen=True, slots=True)
class AccessScreen:
    """The page of one incident."""

    incident: IncidentLine
    table: AccessTable
    length: int
    head: str
    waiting: int


def access_screen(
    incident: IncidentShown, table: AccessTable, head: Head, waiting: int, now: datetime
) -> AccessScreen:
    """Return the page of one incident."""
    return AccessScreen(
        incident=incident_line(incident, now, linked=True),
        table=table,
        length=head.length,
        head=head.digest,
        waiting=waiting,
    )


def access_table(
    found: AccessFound, asked: Asked, place: str, now: datetime, *, after: str = "", problem: str = ""
) -> AccessTable:
    """Return the entries that were found.

    Args:
        found: a page of them.
        asked: what was looked for.
        place: address of the page they are shown on.
        now: the reader's.
        after: where this page begins; empty: with the newest.
        problem: why the search could not be made.
    """
    query = asked.query()
    if place.startswith("/incidents/"):
        query.pop("incident", None)
    words = "entry fits" if found.total == 1 else "entries fit"
    return AccessTable(
        lines=tuple(_line(one, now) for one in found.entries),
        asked=asked,
        choices=tuple(AccessChoice(kind, _title(text), kind == asked.what) for kind, text in WORDS.items()),
        narrowed=bool(query),
        count=f"{found.total:,} {words}",
        older=_address(place, {**query, "after": found.next}) if found.next else "",
        newest=_address(place, query) if after else "",
        problem=inert(problem),
    )


def _address(place: str, query: dict[str, str]) -> str:
    return f"{place}?{urlencode(query)}#looked" if query else f"{place}#looked"


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


def _line(one: AccessShown, now: datetime) -> AccessLine:
    return AccessLine(
        incident=one.incident,
        sequence=one.sequence,
        at=moment(one.at, now),
        actor=inert(one.actor.removeprefix("person:")),
        role=lower(one.role) if one.role else "",
        what=WORDS.get(one.what, lower(one.what)),
        item=inert(one.item),
        outcome=inert(one.outcome),
    )
