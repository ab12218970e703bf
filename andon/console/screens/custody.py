"""The page of custody: what is held, what was erased, and the way to an original."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.custody import ErasureShown, HoldShown, OriginalOffered
from andon.console.models.evidence import EvidenceShown
from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, maybe, moment
from andon.console.screens.parts import IncidentLine, incident_line
from andon.console.screens.words import inert, listed, lower
from andon.domain.code_words import authority
from andon.domain.custody import CustodyPolicy
from andon.domain.directory import Role
from andon.domain.severity import Band
from andon.domain.values import PersonId
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
    by: PersonId
    destroyed: int | None


@dataclass(frozen=True, slots=True)
class May:
    """What this reader is offered; the server judges all the same whatever is sent."""

    hold: bool
    original: bool
    erase: bool
    ask: bool
    """Whether they may ask for the decision that opens originals."""
    who_holds: str
    who_reads: str
    who_erases: str


@dataclass(frozen=True, slots=True)
class CustodyScreen:
    """The page of one incident."""

    incident: IncidentLine
    hold: HoldBox
    erasures: tuple[ErasureLine, ...]
    items: tuple[str, ...]
    may: May
    typed: Mapping[str, str]
    problem: str


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
    *,
    may: May,
    typed: Mapping[str, str],
    problem: str = "",
) -> CustodyScreen:
    """Return the page; after a problem with what was typed."""
    return CustodyScreen(
        incident=incident_line(incident, now, linked=True),
        hold=HoldBox(hold.wanted, _hold(hold), maybe(hold.since, now)),
        erasures=tuple(_erasure(one, now) for one in erasures),
        items=tuple(dict.fromkeys(one.id for one in evidence.items)),
        may=may,
        typed=typed,
        problem=problem,
    )


def may_do(
    policy: CustodyPolicy,
    severity: Band,
    role: Role,
    person: PersonId,
    granted: Mapping[PersonId, datetime],
    now: datetime,
    *,
    asking: Collection[Role] = (),
) -> May:
    """Return what somebody may do, and who may; `asking` are the roles that may ask to read originals."""
    readers = policy.raw.by.get(severity, ())
    erasers = tuple(dict.fromkeys(role for slot in policy.erasure.needs for role in slot))
    return May(
        hold=role in policy.hold.by,
        original=role in readers or granted.get(person, now) > now,
        erase=role in erasers,
        ask=role in asking,
        who_holds=_roles(policy.hold.by),
        who_reads=_roles(readers) if readers else "nobody by their role alone at this severity",
        who_erases=_roles(erasers, last="and"),
    )


def _roles(roles: Sequence[Role], *, last: str = "or") -> str:
    return listed([role.value for role in roles], last=last)


def offer_screen(incident: IncidentShown, offered: OriginalOffered, now: datetime) -> OfferScreen:
    """Return the page with the address."""
    return OfferScreen(
        incident=incident_line(incident, now, linked=True),
        item=inert(offered.item),
        url=offered.url,
        until=moment(offered.expires_at, now),
        authority=inert(authority(offered.authority)),
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
        by=one.asked_by,
        destroyed=one.destroyed,
    )
