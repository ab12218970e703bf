"""People, the roles they hold, and what the directory said of them at a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, model_validator

from andon.domain.channels import Channel
from andon.domain.errors import InvalidInputError
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import Carried, Frozen, Instant, PersonId, Sha256Hex, Slug, digest_of


class Role(StrEnum):
    """The one list of roles, used by decision rights, tokens and pages."""

    DETECTOR = "detector"
    REPORTER = "reporter"
    RESPONDER = "responder"
    INCIDENT_LEAD = "incident_lead"
    BUSINESS_OWNER = "business_owner"
    ENGINEER = "engineer"
    SECURITY = "security"
    LEGAL = "legal"
    PRIVACY = "privacy"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"
    COMMUNICATIONS = "communications"
    HR = "hr"
    FINANCE = "finance"
    EXECUTIVE = "executive"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMIN = "admin"


APPROVING_ROLES = frozenset(Role) - {Role.DETECTOR, Role.REPORTER, Role.CUSTODIAN, Role.AUDITOR, Role.ADMIN}
STOPPING = frozenset(
    {
        Role.RESPONDER,
        Role.INCIDENT_LEAD,
        Role.OPERATIONS,
        Role.SECURITY,
        Role.BUSINESS_OWNER,
        Role.ENGINEER,
        Role.EXECUTIVE,
    }
)
"""May pull the cord, at the door and at the console."""

TOXIC_PAIRS: tuple[tuple[frozenset[Role], frozenset[Role]], ...] = (
    (frozenset({Role.ADMIN}), APPROVING_ROLES),
    (frozenset({Role.CUSTODIAN}), frozenset({Role.INCIDENT_LEAD})),
    (frozenset({Role.AUDITOR}), APPROVING_ROLES),
)
"""Roles that one person may not hold together: who configures may not approve, who keeps the
evidence may not lead, and who audits may not decide."""


class Absence(Frozen):
    """A time in which somebody can't be asked."""

    since: Instant
    until: Instant

    @model_validator(mode="after")
    def _refuse_backwards(self) -> Absence:
        if self.until <= self.since:
            raise InvalidInputError("an absence must end after it begins")
        return self


class Identity(Frozen):
    """How an OpenID Connect provider names somebody (OpenID Connect Core 1.0, section 2)."""

    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=255)


class Person(Frozen):
    """One person, as the organisation's directory describes them."""

    id: PersonId
    name: str = Field(max_length=120)
    roles: tuple[Role, ...]
    teams: tuple[Slug, ...] = ()
    channels: tuple[str | Channel, ...] = Field(
        (), description="Apprise URLs, in the order they are tried; or with `from` and `quiet`"
    )
    zone: str = Field("UTC", description="IANA time zone in which times are shown")
    country: str = Field("", pattern=r"^([A-Z]{2})?$", description="ISO 3166-1, for public holidays")
    region: str = Field("", max_length=8, description="ISO 3166-2 subdivision without the country")
    delegates: tuple[PersonId, ...] = Field((), description="who answers for them, in this order")
    absences: tuple[Absence, ...] = ()
    shared: bool = Field(False, description="an account of several people: nothing it answers counts")
    suspended_from: Instant | None = Field(None, description="from this moment nothing they answer counts")
    identities: tuple[Identity, ...] = ()
    keys: tuple[PersonalKey, ...] = ()

    @model_validator(mode="after")
    def _refuse_what_does_not_fit(self) -> Person:
        problems = (_toxic(self.id, set(self.roles)), _unknown_zone(self.id, self.zone))
        if found := [one for one in problems if one]:
            raise InvalidInputError("; ".join(found))
        return self

    @property
    def ways(self) -> tuple[Channel, ...]:
        """Their channels in order; a plain URL is one that is always used."""
        return tuple(Channel(url=one) if isinstance(one, str) else one for one in self.channels)

    def suspended_at(self, at: datetime) -> bool:
        """Whether nothing they answer counts at a moment."""
        return self.suspended_from is not None and self.suspended_from <= at

    def counts_at(self, at: datetime) -> bool:
        """Whether what they answer at a moment can count at all."""
        return not self.shared and not self.suspended_at(at)

    def absent_at(self, at: datetime) -> bool:
        """Whether they are away at a moment."""
        return any(away.since <= at < away.until for away in self.absences)


class Rotation(Frozen):
    """Who is on call for a role: members take turns, each for some days, from a wall-clock moment on."""

    role: Role
    members: tuple[PersonId, ...] = Field(min_length=1)
    first_day: date = Field(description="the day the first member's first turn begins")
    hands_over_at: time = Field(time(9), description="wall-clock time of the change, in `zone`")
    zone: str = "UTC"
    days: int = Field(7, ge=1, le=366)

    @model_validator(mode="after")
    def _refuse_unknown_zones(self) -> Rotation:
        if problem := _unknown_zone(f"the rotation for {self.role}", self.zone):
            raise InvalidInputError(problem)
        return self

    def on_call(self, at: datetime) -> PersonId:
        """Return whose turn it is; turns are counted in local days, so a day of 23 hours is one."""
        return self.members[self._turn(at) % len(self.members)]

    def hands_over_after(self, at: datetime) -> datetime:
        """Return when the turn that runs at a moment ends, in UTC."""
        return self._begins(self.first_day + timedelta(days=(self._turn(at) + 1) * self.days))

    def _turn(self, at: datetime) -> int:
        day = at.astimezone(ZoneInfo(self.zone)).date()
        if at < self._begins(day):
            day -= timedelta(days=1)
        return (day - self.first_day).days // self.days

    def _begins(self, day: date) -> datetime:
        # In UTC: when clocks go back, the same wall-clock time comes twice, and a turn changes once.
        return datetime.combine(day, self.hands_over_at, ZoneInfo(self.zone)).astimezone(UTC)


class Directory(Frozen):
    """Everybody who may be asked, at one moment; known by its digest."""

    people: tuple[Person, ...]
    rotations: tuple[Rotation, ...] = ()

    @model_validator(mode="after")
    def _refuse_what_does_not_fit(self) -> Directory:
        if found := [one.problem for one in misfits(self.people, self.rotations)]:
            raise InvalidInputError("; ".join(found))
        return self

    def digest(self) -> Sha256Hex:
        """SHA-256 of the directory as RFC 8785 JSON; recorded with each response."""
        return digest_of(self)

    def person(self, person: PersonId) -> Person | None:
        """Return the person with this id, if the directory knows them."""
        return next((one for one in self.people if one.id == person), None)

    def identified(self, issuer: str, subject: str) -> Person | None:
        """Return whom an OpenID Connect provider means."""
        wanted = Identity(issuer=issuer, subject=subject)
        return next((one for one in self.people if wanted in one.identities), None)

    def holders(self, role: Role) -> tuple[Person, ...]:
        """Return those who hold `role`, in directory order."""
        return tuple(one for one in self.people if role in one.roles)

    def reachable(self, role: Role, at: datetime) -> tuple[Person, ...]:
        """Return whom to tell what a role must hear, the first first.

        That is who is on call, then the other holders. Whoever is away is replaced by their first
        delegate who is there, and comes last themselves. Nobody is left out for being away: it is
        nobody only if all who hold the role are suspended or shared accounts.
        """
        turns = [rotation.on_call(at) for rotation in self.rotations if rotation.role is role]
        counted = (one for one in self.holders(role) if one.counts_at(at))
        holders = sorted(counted, key=lambda one: one.id not in turns)
        there = [self._standing_in(one, at) for one in holders]
        away = [one for one in holders if one.absent_at(at)]
        found = {one.id: one for one in [*(one for one in there if one), *away]}
        return tuple(found.values())

    def can_lead(self, person: PersonId, at: datetime) -> bool:
        """Whether somebody is known, and what they answer counts."""
        found = self.person(person)
        return found is not None and found.counts_at(at)

    def leader(self, role: Role, at: datetime) -> PersonId | None:
        """Return who leads in the name of a role: whoever is on call for it, or else there."""
        there = (one.id for one in self.reachable(role, at) if not one.absent_at(at))
        return next(there, None)

    def present(self, person: PersonId, at: datetime) -> PersonId | None:
        """Return somebody, or who stands in for them while they are away; None: neither can be asked."""
        found = self.person(person)
        if found is None or not found.counts_at(at):
            return None
        there = self._standing_in(found, at)
        return there.id if there else None

    def delegators(self, person: PersonId) -> tuple[Person, ...]:
        """Return those for whom a person may answer."""
        return tuple(one for one in self.people if person in one.delegates)

    def _standing_in(self, holder: Person, at: datetime) -> Person | None:
        if not holder.absent_at(at):
            return holder
        deputies = (self._known(one) for one in holder.delegates)
        return next((one for one in deputies if not one.absent_at(at) and one.counts_at(at)), None)

    def _known(self, person: PersonId) -> Person:
        return next(one for one in self.people if one.id == person)


class Delegation(Carried):
    """A role that somebody may answer in for its holder."""

    role: Role
    of: PersonId
    away: bool = Field(description="the holder is absent; else silence must come first")


class Standing(Carried):
    """What the directory in force said of one person at one moment."""

    person: PersonId
    known: bool
    suspended: bool
    roles: tuple[Role, ...]
    directory_digest: Sha256Hex
    shared: bool = False
    delegated: tuple[Delegation, ...] = ()
    keys: tuple[PersonalKey, ...] = Field((), description="keys that were in force")

    def speaks_as(self, role: Role) -> bool:
        """Whether the role is the person's own, or its holder is away and has named them."""
        return role in self.roles or any(one.role is role and one.away for one in self.delegated)


def standing_at(
    directory: Directory, person: PersonId, at: Instant, digest: Sha256Hex | None = None
) -> Standing:
    """Return what `directory` says of `person` at the moment `at`; `digest` is its own, if it is known."""
    digest = digest or directory.digest()
    found = directory.person(person)
    if found is None:
        return Standing(person=person, known=False, suspended=False, roles=(), directory_digest=digest)
    delegated = tuple(
        Delegation(role=role, of=holder.id, away=holder.absent_at(at))
        for holder in directory.delegators(person)
        if not holder.suspended_at(at)
        for role in holder.roles
        if role in APPROVING_ROLES
    )
    return Standing(
        person=person,
        known=True,
        suspended=found.suspended_at(at),
        roles=found.roles,
        directory_digest=digest,
        shared=found.shared,
        delegated=delegated,
        keys=tuple(key for key in found.keys if key.in_force_at(at)),
    )


def _toxic(person: PersonId, held: set[Role]) -> str | None:
    for one, other in TOXIC_PAIRS:
        if held & one and held & other:
            both = ", ".join(sorted(held & (one | other)))
            return f"{person} may not hold these roles together: {both}"
    return None


@cache
def _zones() -> frozenset[str]:
    """Reading the whole zone database takes ten milliseconds."""
    return frozenset(available_timezones())


def _unknown_zone(whose: str, zone: str) -> str | None:
    # Without a zone database on the machine nothing can be said of any zone.
    if (zones := _zones()) and zone not in zones:
        return f"zone of {whose}: {zone} is not known; use one such as Europe/Berlin"
    return None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something in a directory that does not fit the rest of it, and where it stands."""

    place: tuple[str | int, ...]
    problem: str


def misfits(people: Sequence[Person], rotations: Sequence[Rotation]) -> Iterator[Misfit]:
    """Find everything in a directory that does not fit together."""
    known = {person.id: person for person in people}
    if doubled := _doubled(person.id for person in people):
        yield Misfit(("people",), f"people listed twice: {', '.join(doubled)}")
    for number, person in enumerate(people):
        for which, name in enumerate(person.delegates):
            if problem := _delegate_problem(person, known.get(name), name):
                yield Misfit(("people", number, "delegates", which), problem)
    for number, rotation in enumerate(rotations):
        problems = (_member_problem(rotation, known.get(member), member) for member in rotation.members)
        yield from (
            Misfit(("rotations", number, "members", which), problem)
            for which, problem in enumerate(problems)
            if problem
        )
    for key in _doubled(key.id for person in people for key in person.keys):
        yield Misfit(("people",), f"a key belongs to two people: {key[:16]}")


def _doubled(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _delegate_problem(person: Person, delegate: Person | None, named: PersonId) -> str | None:
    if delegate is None:
        return f"{person.id} names a delegate nobody knows: {named}"
    if delegate.id == person.id:
        return f"{person.id} can't be their own delegate"
    problem = _toxic(delegate.id, set(delegate.roles) | (set(person.roles) & APPROVING_ROLES))
    return f"{delegate.id} can't stand in for {person.id}: {problem}" if problem else None


def _member_problem(rotation: Rotation, member: Person | None, named: PersonId) -> str | None:
    if member is None:
        return f"the rotation for {rotation.role} names nobody: {named}"
    if rotation.role not in member.roles:
        return f"{named} is on call as {rotation.role} without holding that role"
    return None
