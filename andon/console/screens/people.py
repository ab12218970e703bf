"""The people of an incident: who was told what, who could not be reached, who answered what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from andon.console.models.incident import IncidentShown
from andon.console.screens.moments import Moment, moment
from andon.console.screens.words import Status, listed, lower, plain
from andon.domain.notice import Notice
from andon.register.deliveries import Sent

REACHED: Final = Status("told", "✓", "good")
NOT_REACHED: Final = Status("not reached", "!", "bad")
NOT_TOLD: Final = Status("nothing was sent to them", "-", "quiet")
OWNING: Final = {
    "in_hand": "owns the AI system, has it in hand",
    "waited_for": "owns the AI system, has not been heard of yet",
    "overdue": "owns the AI system, was not heard of in time",
}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person, what they are to the incident, what they were told, and what they answered."""

    person: str
    part: str
    told: Status
    about: str
    at: Moment | None
    more: int
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeopleBox:
    """Everybody who has had to do with it, and what reached nobody."""

    lines: tuple[PersonLine, ...]
    unreached: tuple[str, ...]
    says: str


def people_box(incident: IncidentShown, sent: Sequence[Sent], now: datetime) -> PeopleBox:
    """Return the people; `sent` is every attempt to tell somebody, oldest first."""
    answered = {one.person for decision in incident.decisions for one in decision.responses}
    told = [one for one in sent if one.person]
    named = [incident.lead, incident.owner.person if incident.owner else None]
    names = dict.fromkeys((*filter(None, named), *sorted(answered), *sorted({one.person for one in told})))
    lines = tuple(_line(name, incident, [one for one in told if one.person == name], now) for name in names)
    missing = sum(1 for one in lines if one.told is NOT_REACHED)
    reached = sum(1 for one in lines if one.told is REACHED)
    says = [f"{reached} told", f"{missing} not reached" if missing else "", _count(answered)]
    return PeopleBox(lines, _unreached(incident, sent), ", ".join(part for part in says if part))


def _count(answered: Iterable[str]) -> str:
    number = len(list(answered))
    return f"{number} answered" if number else ""


def _line(person: str, incident: IncidentShown, told: Sequence[Sent], now: datetime) -> PersonLine:
    arrived = [one for one in told if one.ok]
    last = next(reversed(arrived or told), None)
    return PersonLine(
        person=person,
        part=_part(person, incident),
        told=REACHED if arrived else NOT_REACHED if told else NOT_TOLD,
        about=f"{about(last.notice)}, by {lower(last.channel)}" if last else "",
        at=moment(last.at, now) if last else None,
        more=max(len({one.notice.id for one in arrived}) - 1, 0),
        answers=tuple(
            f"{decision.title}: {lower(one.option)}{', late' if one.late else ''}"
            for decision in incident.decisions
            for one in decision.responses
            if one.person == person
        ),
    )


def _part(person: str, incident: IncidentShown) -> str:
    answers = (one for decision in incident.decisions for one in decision.responses)
    roles = dict.fromkeys(one.role.value for one in answers if one.person == person)
    parts = ["leads it"] if person == incident.lead else []
    if incident.owner and incident.owner.person == person:
        parts.append(OWNING[incident.owner.state])
    parts += [f"answered as {listed(list(roles), last='and')}"] if roles else []
    return "; ".join(parts)


def _unreached(incident: IncidentShown, sent: Sequence[Sent]) -> tuple[str, ...]:
    """Return what reached nobody and does so still, with the roles that were meant."""
    still = {one.notice.id: one.notice for one in sent if one.notice.id in incident.undelivered}
    return tuple(
        f"{about(notice)}: nobody as {listed([role.value for role in notice.roles])}"
        for notice in still.values()
    )


def about(notice: Notice) -> str:
    """Say what a notice was about."""
    what = plain(notice.about)
    if notice.decision is not None:
        return f"{what}, {lower(notice.decision.value)}"
    return f"{what}, {lower(notice.subject)}" if notice.subject else what
