"""The page of custody: what is held, what was erased, and the way to an original."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.custody import ErasureShown, HoldShown, OriginalOffered
from andon.console.models.evidence import EvidenceShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, lower
from andon.register.custody import ErasureState

STATES: Final = {
    ErasureState.ASKED: "waits for a second person",
    ErasureState.CONFIRMED: "agreed; the custodian destroys the keys",
    ErasureState.REFUSED: "refused",
    ErasureState.DONE: "done: the keys are destroyed",
}


@dataclass(frozen=True, slots=True)
class HoldBox:
    """How the hold stands, in words."""

    wanted: bool
    summary: str
    since: Moment | None


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """One erasure."""

    id: str
    what: str
    state: str
    asked: str
    at: Moment
    waits: bool
    destroyed: int | None


@dataclass(frozen=True, slots=True)
class CustodyScreen:
    """The page of one incident."""

    incident: IncidentLine
    hold: HoldBox
    erasures: tuple[ErasureLine, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferScreen:
    """Where an original can be downloaded."""

    incident: IncidentLine
    item: str
    url: str
    until: Moment
    authority: str
    sha256: str


def custody_screen(
    incident: IncidentShown,
    evidence: EvidenceShown,
    hold: HoldShown,
    erasures: tuple[ErasureShown, ...],
    now: datetime,
) -> CustodyScreen:
    """Return the page."""
    return CustodyScreen(
        incident=incident_line(incident, now, linked=True),
        hold=HoldBox(hold.wanted, _hold(hold), maybe(hold.since, now)),
        erasures=tuple(_erasure(one, now) for one in erasures),
        items=tuple(dict.fromkeys(one.id for one in evidence.items)),
    )


def offer_screen(incident: IncidentShown, offered: OriginalOffered, now: datetime) -> OfferScreen:
    """Return the page with the address."""
    return OfferScreen(
        incident=incident_line(incident, now, linked=True),
        item=inert(offered.item),
        url=offered.url,
        until=moment(offered.expires_at, now),
        authority=inert(offered.authority),
        sha256=offered.sha256,
    )


def _hold(hold: HoldShown) -> str:
    if not hold.wanted:
        return "The custodian is taking the hold off." if hold.in_force else "Nothing is held."
    who = "held because the incident is critical" if hold.cause == "severity" else f"held by {hold.person}"
    if hold.in_force:
        return f"Every object version in the store is {who}: {hold.versions}, read back."
    return f"To be {who}. The custodian is setting it on every object version."


def _erasure(one: ErasureShown, now: datetime) -> ErasureLine:
    return ErasureLine(
        id=one.id,
        what=", ".join(map(inert, one.items)) or "the whole incident",
        state=STATES[one.state],
        asked=f"{one.asked_by} as {lower(one.asked_as)}",
        at=moment(one.asked_at, now),
        waits=one.state is ErasureState.ASKED,
        destroyed=one.destroyed,
    )
