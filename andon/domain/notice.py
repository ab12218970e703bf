"""Something people must hear of, as ids and codes, and whom to tell next until somebody has heard it.

A notice about a question goes down the line of each asked role: first whoever is on call (everybody
who holds the role, if it has no rotation) and the stand-ins of the absent; if none of them can be
reached, the others one by one, the absent last. Every other notice goes to the whole role at once.
If a role can't be reached at all, the escalation roles are told so, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Person, Role
from andon.domain.severity import Band
from andon.domain.values import Carried, IncidentId, Instant, PersonId

DOWN_THE_LINE: Final = frozenset({"question", "reminder"})
"""Notices that each role answers for as one; unknown ones go to the whole role, to be safe."""

ESCALATION: Final = (Role.INCIDENT_LEAD, Role.EXECUTIVE)
"""Who hears of it, in this order, when a role can't be reached."""

LOG_OVERDUE: Final = "log_overdue"
"""Notice about the log over all incidents; it names no incident."""

ACCESS_FORKED: Final = "access_forked"
"""Notice about an access chain that differs from what is locked of it."""

UNDELIVERED: Final = "notice_undelivered"
"""Signal by which an incident hears that a notice has reached nobody; carries an `Undelivered`."""


class Notice(Carried):
    """Something people must hear of. Holds ids only; the adapter finds names, texts and channels."""

    id: str = Field(description="message id; a repeat goes out with the same id")
    incident: IncidentId
    roles: tuple[Role, ...]
    named: dict[Role, PersonId] = Field(
        default_factory=dict, description="who of a role is meant: they, or their stand-in, are told with it"
    )
    person: PersonId | None = Field(
        None, description="who is meant alone; the rest of the role hears of it only if they can't be reached"
    )
    about: str = Field(description="`question`, `escalation`, `default_applied`, `guidance`, `unproven`, ...")
    decision: DecisionKind | None = None
    subject: str = ""
    still_open: tuple[str, ...] = Field((), description="what it is about is not over: codes, one a line")
    due: Instant | None = None
    severity: Band = Field(Band.CRITICAL, description="of the incident; not known counts as critical")


class Posting(Carried):
    """Notices about one incident that leave at the same moment; each is told and tried by itself."""

    notices: tuple[Notice, ...]


class Undelivered(Carried):
    """What an incident is told of a notice that has reached nobody for some of its roles."""

    notice: str
    about: str
    subject: str
    roles: tuple[Role, ...]


class Code(StrEnum):
    """What became of an attempt, or of a notice as a whole."""

    SENT = "sent"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNUSABLE = "unusable"
    GONE = "gone"
    NO_CHANNEL = "no_channel"
    HELD = "held"
    UNDELIVERABLE = "undeliverable"
    DELIVERED = "delivered"
    FOLDED = "folded"
    """Not sent by itself: the person has heard enough of the same storm, and finds it in the console."""


FINAL: Final = frozenset({Code.UNUSABLE, Code.GONE})
"""Failures that another attempt would not mend."""


class Way(Carried):
    """One channel of one person; `opens_at` when it is held back until then."""

    number: int = Field(description="position in the person's channels")
    opens_at: Instant | None = None


class Line(Carried):
    """Whom to tell for one role."""

    role: Role
    first: tuple[PersonId, ...] = Field(description="told at once")
    then: tuple[PersonId, ...] = Field(description="told one by one while nobody has been reached")


class Recipients(Carried):
    """The lines of a notice, as the directory in force makes them. Holds no address."""

    asked: tuple[Line, ...]
    escalation: tuple[Line, ...]
    ways: dict[PersonId, tuple[Way, ...]]


class Target(Carried):
    """One channel of one person, as asked or in place of a role that can't be reached."""

    person: PersonId
    channel: int
    instead_of: Role | None = None


class Reach(StrEnum):
    """How far a person or a line has been reached."""

    REACHED = "reached"
    UNDER_WAY = "under_way"
    HELD = "held"
    FAILED = "failed"


def addressed(notice: Notice, instead_of: Role | None) -> Notice:
    """Return a notice as those hear of it who stand in for a role; its id is the message id they get."""
    if instead_of is None:
        return notice
    changes = {"id": f"{notice.id}/instead_of/{instead_of}", "roles": (instead_of,)}
    return notice.model_copy(update=changes)


def recipients_of(directory: Directory, notice: Notice, at: datetime) -> Recipients:
    """Return whom to tell of a notice, by the directory in force; suspended and shared accounts never."""
    asked = [_asked(directory, role, notice, at) for role in notice.roles]
    escalation = [
        _with_named(directory, _line(directory, role, at, whole=False), notice, at) for role in ESCALATION
    ]
    named = {person for line in (*asked, *escalation) for person in (*line.first, *line.then)}
    ways = {one.id: _ways(one, notice, at) for one in directory.people if one.id in named}
    return Recipients(asked=tuple(asked), escalation=tuple(escalation), ways=ways)


def targets(recipients: Recipients, results: Mapping[Target, bool]) -> dict[Target, Way]:
    """Return every target that is to be tried by now, those tried before included.

    `results` says which have been reached and which have failed; what is missing is under way or
    held. Call again with each new result, until nothing new comes and nothing is under way.
    """
    course = _Course(recipients, results)
    found: dict[Target, Way] = {}
    for line in recipients.asked:
        found |= course.wanted(line, None)
    for role in course.unreached():
        for line in course.others(role):
            found |= course.wanted(line, role)
            if course.reach(line, role) is not Reach.FAILED:
                break
    return found


def undeliverable(recipients: Recipients, results: Mapping[Target, bool]) -> tuple[Role, ...]:
    """Return the asked roles for which nobody can be reached, nor anybody in their place."""
    course = _Course(recipients, results)
    return tuple(
        role
        for role in course.unreached()
        if all(course.reach(line, role) is Reach.FAILED for line in course.others(role))
    )


def people_reached(*results: Mapping[Target, bool]) -> int:
    """Count those who have been told, each once, whatever they were told of."""
    return len({target.person for one in results for target, arrived in one.items() if arrived})


@dataclass(frozen=True, slots=True)
class _Course:
    """How far a notice has come."""

    recipients: Recipients
    results: Mapping[Target, bool]

    def wanted(self, line: Line, instead_of: Role | None) -> dict[Target, Way]:
        """Return the targets of a line: the first together, the others while nobody is reached."""
        found: dict[Target, Way] = {}
        seen: set[Reach] = set()
        for place, person in enumerate((*line.first, *line.then)):
            if place >= len(line.first) and seen & {Reach.REACHED, Reach.UNDER_WAY}:
                break
            found |= self._attempts(person, instead_of)
            seen.add(self._person(person, instead_of))
        return found

    def reach(self, line: Line, instead_of: Role | None) -> Reach:
        """Return how far a line is; it has failed only once everybody in it has."""
        states = {self._person(one, instead_of) for one in (*line.first, *line.then)}
        return next((one for one in Reach if one in states), Reach.FAILED)

    def unreached(self) -> tuple[Role, ...]:
        """Return the asked roles of which nobody can be reached."""
        asked = self.recipients.asked
        return tuple(line.role for line in asked if self.reach(line, None) is Reach.FAILED)

    def others(self, role: Role) -> tuple[Line, ...]:
        """Return the lines that hear of it in place of a role; one is no help to itself."""
        return tuple(line for line in self.recipients.escalation if line.role is not role)

    def _attempts(self, person: PersonId, instead_of: Role | None) -> dict[Target, Way]:
        """Return a person's channels up to the first that has not failed."""
        found: dict[Target, Way] = {}
        for way in self.recipients.ways.get(person, ()):
            target = Target(person=person, channel=way.number, instead_of=instead_of)
            found[target] = way
            if self.results.get(target) is not False:
                break
        return found

    def _person(self, person: PersonId, instead_of: Role | None) -> Reach:
        for target, way in self._attempts(person, instead_of).items():
            if self.results.get(target):
                return Reach.REACHED
            if target not in self.results:
                return Reach.HELD if way.opens_at else Reach.UNDER_WAY
        return Reach.FAILED


def _asked(directory: Directory, role: Role, notice: Notice, at: datetime) -> Line:
    line = _line(directory, role, at, whole=notice.about not in DOWN_THE_LINE)
    return _alone(directory, _with_named(directory, line, notice, at), notice, at)


def _line(directory: Directory, role: Role, at: datetime, *, whole: bool) -> Line:
    order = directory.reachable(role, at)
    there = [one.id for one in order if not one.absent_at(at)]
    turns = {rotation.on_call(at) for rotation in directory.rotations if rotation.role is role}
    first = there
    if turns and not whole:
        away = [one for one in directory.holders(role) if one.absent_at(at)]
        deputies = {next((deputy for deputy in one.delegates if deputy in there), None) for one in away}
        first = [one for one in there if one in turns | deputies] or there[:1]
    return Line(role=role, first=tuple(first), then=tuple(one.id for one in order if one.id not in first))


def _with_named(directory: Directory, line: Line, notice: Notice, at: datetime) -> Line:
    """Return a line with whoever is meant by name at its head: the owner of this AI system, this lead."""
    meant = directory.present(notice.named.get(line.role, ""), at)
    if meant is None or meant in line.first:
        return line
    return line.model_copy(
        update={"first": (meant, *line.first), "then": tuple(one for one in line.then if one != meant)}
    )


def _alone(directory: Directory, line: Line, notice: Notice, at: datetime) -> Line:
    """Return a line with the one who is meant alone at its head, the others after them."""
    meant = directory.present(notice.person, at) if notice.person else None
    if meant is None:
        return line
    others = tuple(one for one in (*line.first, *line.then) if one != meant)
    return line.model_copy(update={"first": (meant,), "then": others})


def _ways(person: Person, notice: Notice, at: datetime) -> tuple[Way, ...]:
    """Return the channels that are for this severity, those that are open now first."""
    opening = [
        (number, channel.opens_at(notice.severity, at, person.zone, notice.due))
        for number, channel in enumerate(person.ways)
    ]
    usable = [(number, opens) for number, opens in opening if opens is not None]
    usable.sort(key=lambda one: one[1])
    return tuple(Way(number=number, opens_at=None if opens <= at else opens) for number, opens in usable)
