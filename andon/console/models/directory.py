"""People as other people may see them, whose turn it is, and how the directory came to be."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from andon.domain.directory import Absence, Directory, Identity, Person, Role, Rotation
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex, Slug
from andon.register.people import Change, Origin, Version


class KeyTold(Frozen):
    """One key of one person; whose it is tells, and an admin, is shown the public half."""

    id: Sha256Hex
    kind: str
    since: Instant | None
    revoked_from: Instant | None
    in_force: bool
    label: str | None = None
    public: str | None = None


class Contact(Frozen):
    """How somebody is reached, and how they sign in: for themselves and admins."""

    channels: tuple[Any, ...]
    identities: tuple[Identity, ...]


class PersonTold(Frozen):
    """One person at one moment."""

    id: PersonId
    name: str
    roles: tuple[Role, ...]
    teams: tuple[Slug, ...]
    zone: str
    country: str
    region: str
    delegates: tuple[PersonId, ...]
    stands_in_for: tuple[PersonId, ...]
    absences: tuple[Absence, ...]
    away: bool
    on_call: tuple[Role, ...] = Field(description="the roles whose turn is theirs just now")
    shared: bool
    suspended: bool
    suspended_from: Instant | None
    reached_by: int = Field(description="how many channels they have")
    keys: tuple[KeyTold, ...]
    contact: Contact | None = Field(description="null for anybody but themselves and admins")


class Standing(Frozen):
    """Which directory an answer was taken from."""

    version: int
    digest: Sha256Hex
    in_force_from: Instant
    base: Origin = Field(description="where the list of people comes from: the file, or this API")


class DirectoryTold(Standing):
    """Everybody, or those who were asked for."""

    people: tuple[PersonTold, ...]
    rotations: tuple[Rotation, ...]


class DirectoryChanged(Standing):
    """The directory after a change."""

    changed: bool = Field(description="false: it said so already")
    person: PersonTold | None = None


class VersionTold(Frozen):
    """One version, and how it came to be."""

    version: int
    digest: Sha256Hex
    in_force_from: Instant
    why: Change
    by: PersonId | None = Field(description="null: the people file")
    about: PersonId | None
    reason: str | None


class VersionList(Frozen):
    """Some versions, newest first."""

    versions: tuple[VersionTold, ...]
    next: int | None = Field(description="send it as `before` for older ones")


class Turn(Frozen):
    """Whose turn a rotation says it is, and until when."""

    person: PersonId
    until: Instant


class Reached(Frozen):
    """Somebody who is told what a role must hear."""

    person: PersonId
    name: str
    away: bool
    stands_in_for: tuple[PersonId, ...] = Field(
        description="whose place they take, being no holder themselves"
    )


class RoleReached(Frozen):
    """Who is told for one role, in this order."""

    role: Role
    turns: tuple[Turn, ...]
    reached: tuple[Reached, ...]


class OnCall(Frozen):
    """Who is told for each role at a moment."""

    at: Instant
    digest: Sha256Hex
    roles: tuple[RoleReached, ...]


class Why(Frozen):
    """Why somebody is suspended or restored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=2000, description="encrypted before it is kept")


class NewAbsence(Frozen):
    """When somebody will be away."""

    since: Instant | None = Field(None, description="from now on if left out")
    until: Instant


def person_told(directory: Directory, person: Person, at: datetime, *, wholly: bool) -> PersonTold:
    """Return one person as they are at a moment.

    Args:
        directory: where the person stands.
        person: who.
        at: when.
        wholly: with addresses and public keys, for themselves and admins.
    """
    turns = {turn.role for turn in directory.rotations if turn.on_call(at) == person.id}
    return PersonTold(
        **{name: getattr(person, name) for name in _PLAIN},
        stands_in_for=tuple(one.id for one in directory.delegators(person.id)),
        away=person.absent_at(at),
        on_call=tuple(role for role in Role if role in turns),
        suspended=person.suspended_at(at),
        reached_by=len(person.channels),
        keys=tuple(_key(key, at, wholly=wholly) for key in person.keys),
        contact=Contact(channels=_channels(person), identities=person.identities) if wholly else None,
    )


_PLAIN = (
    "id",
    "name",
    "roles",
    "teams",
    "zone",
    "country",
    "region",
    "delegates",
    "absences",
    "shared",
    "suspended_from",
)


def on_call_told(directory: Directory, at: datetime, roles: Collection[Role]) -> OnCall:
    """Return who is told for each of `roles` that somebody holds."""
    return OnCall(
        at=at,
        digest=directory.digest(),
        roles=tuple(
            RoleReached(
                role=role,
                turns=tuple(
                    Turn(person=turn.on_call(at), until=turn.hands_over_after(at))
                    for turn in directory.rotations
                    if turn.role is role
                ),
                reached=tuple(_reached(directory, role, one, at) for one in directory.reachable(role, at)),
            )
            for role in Role
            if role in roles and directory.holders(role)
        ),
    )


def version_told(version: Version, reason: str | None) -> VersionTold:
    """Return one version with its reason in clear."""
    return VersionTold(
        version=version.number,
        digest=version.digest,
        in_force_from=version.in_force_from,
        why=version.why,
        by=version.by,
        about=version.about,
        reason=reason,
    )


def _reached(directory: Directory, role: Role, person: Person, at: datetime) -> Reached:
    holders = () if role in person.roles else directory.delegators(person.id)
    return Reached(
        person=person.id,
        name=person.name,
        away=person.absent_at(at),
        stands_in_for=tuple(one.id for one in holders if role in one.roles and one.absent_at(at)),
    )


def _key(key: PersonalKey, at: datetime, *, wholly: bool) -> KeyTold:
    return KeyTold(
        id=key.id,
        kind=key.kind,
        since=key.since,
        revoked_from=key.revoked_from,
        in_force=key.in_force_at(at),
        label=key.label if wholly else None,
        public=key.public if wholly else None,
    )


def _channels(person: Person) -> tuple[Any, ...]:
    plain: dict[str, Any] = person.model_dump(mode="json", by_alias=True, include={"channels"})
    return tuple(plain["channels"])
