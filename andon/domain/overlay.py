"""What is changed about people while Andon runs, kept apart from the list that describes them.

The list may come from a file that is read again at any time. Laid over it, a suspension, a
revoked key or an absence outlives every older copy of that file.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from andon.domain.directory import Absence, Directory, Person, Role
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.personal_keys import PersonalKey
from andon.domain.values import Frozen, Instant, PersonId, Sha256Hex

KEYS_AT_MOST: Final = 20
ABSENCES_AT_MOST: Final = 50


class Personal(Frozen):
    """What was changed about one person."""

    keys: tuple[PersonalKey, ...] = ()
    revocations: dict[Sha256Hex, Instant] = Field(default_factory=dict, description="from when, by key id")
    suspended_from: Instant | None = None
    lifted: Instant | None = Field(None, description="a suspension of the list that was lifted since")
    absences: tuple[Absence, ...] = ()


class Overlay(Frozen):
    """What was changed about everybody. People whom the list no longer names are kept."""

    people: dict[PersonId, Personal] = Field(default_factory=dict)

    def of(self, person: PersonId) -> Personal:
        """Return what was changed about one person."""
        return self.people.get(person, Personal())

    def having(self, person: PersonId, **changes: Any) -> Overlay:
        """Return this with something else about one person."""
        changed = self.of(person).model_copy(update=changes)
        return Overlay(people={**self.people, person: changed})


def compose(base: Directory, overlay: Overlay) -> Directory:
    """Lay `overlay` over `base`; what it says of people whom `base` does not name has no effect.

    Raises:
        InvalidInputError: together they don't fit, as when a key would belong to two people.
    """
    people = tuple(_composed(person, overlay.people.get(person.id)) for person in base.people)
    return Directory(people=people, rotations=base.rotations)


def add_key(base: Directory, overlay: Overlay, person: PersonId, key: PersonalKey, at: Instant) -> Overlay:
    """Give somebody a key that counts from `at` on; a key they have already changes nothing.

    Raises:
        NotFoundError: nobody has this id.
        InvalidInputError: the key is revoked or somebody else's, or this person can have none.
    """
    directory = compose(base, overlay)
    found = _known(directory, person)
    if found.shared:
        raise InvalidInputError(
            f"{person} is an account of several people: give each person a key of their own"
        )
    if found.suspended_at(at):
        raise InvalidInputError(f"{person} is suspended: restore them before they get a key")
    _check_owner(directory, overlay, person, key.id)
    held = next((one for one in found.keys if one.id == key.id), None)
    if key.id in overlay.of(person).revocations or (held is not None and held.revoked_from is not None):
        raise InvalidInputError(f"key {key.id[:16]} was revoked: make a new one")
    if held is not None:
        return overlay
    if sum(one.in_force_at(at) for one in found.keys) >= KEYS_AT_MOST:
        raise InvalidInputError(f"{person} has {KEYS_AT_MOST} keys: revoke one first")
    # What a key signed before it was known here could have been signed by anybody.
    begins = at if key.since is None else max(at, key.since)
    added = key.model_copy(update={"since": begins, "revoked_from": None})
    return overlay.having(person, keys=(*overlay.of(person).keys, added))


def check_no_new_keys(before: Directory, after: Directory) -> None:
    """Refuse a list that would let a key count which did not: keys come from their owners alone.

    Args:
        before: the directory in force.
        after: what would be in force with the list.

    Raises:
        InvalidInputError: a key is new, begins earlier than it did, or counts longer than it would have.
    """
    for person in after.people:
        known = before.person(person.id)
        held = {key.id: key for key in known.keys} if known else {}
        for key in person.keys:
            if key.id not in held or not _within(key, held[key.id]):
                raise InvalidInputError(
                    f"key {key.id[:16]} of {person.id} can't come with a list: {person.id} adds it themselves"
                )


def revoke_key(base: Directory, overlay: Overlay, person: PersonId, key: Sha256Hex, at: Instant) -> Overlay:
    """Let a key count no more from `at` on; one that is revoked already stays as it is.

    Raises:
        NotFoundError: nobody has this id, or they have no such key.
        InvalidInputError: the key is somebody else's.
    """
    directory = compose(base, overlay)
    found = _known(directory, person)
    _check_owner(directory, overlay, person, key)
    held = next((one for one in found.keys if one.id == key), None)
    if held is None:
        raise NotFoundError("key", key[:16])
    noted = overlay.of(person).revocations.get(key)
    if noted is not None and noted <= at:
        return overlay
    # Noted although the list may say it too: a later list may not.
    revocations = {**overlay.of(person).revocations, key: at}
    return overlay.having(person, revocations=revocations)


def suspend(base: Directory, overlay: Overlay, person: PersonId, at: Instant) -> Overlay:
    """Let nothing that somebody answers from `at` on count; an earlier suspension stays.

    Raises:
        NotFoundError: nobody has this id.
        InvalidInputError: nobody would be left to lift it.
    """
    directory = compose(base, overlay)
    found = _known(directory, person)
    noted = overlay.of(person).suspended_from
    if noted is not None and noted <= at:
        return overlay
    others = [one for one in directory.holders(Role.ADMIN) if one.id != person and not one.suspended_at(at)]
    if Role.ADMIN in found.roles and not others and not found.suspended_at(at):
        raise InvalidInputError(f"{person} is the only admin left: make somebody else admin first")
    # Noted although the list may say it too: a later list may not.
    return overlay.having(person, suspended_from=at)


def restore(base: Directory, overlay: Overlay, person: PersonId) -> Overlay:
    """Lift a suspension, whether it was made here or stands in the list.

    Raises:
        NotFoundError: nobody has this id.
    """
    _known(base, person)
    listed = _known(base, person).suspended_from
    return overlay.having(person, suspended_from=None, lifted=listed)


def add_absence(base: Directory, overlay: Overlay, person: PersonId, away: Absence, at: Instant) -> Overlay:
    """Note that somebody will be away; absences that are over at `at` are dropped.

    Raises:
        NotFoundError: nobody has this id.
        InvalidInputError: it is over already, or there are too many.
    """
    _known(base, person)
    if away.until <= at:
        raise InvalidInputError("the absence is over already: give a later end")
    ahead = tuple(one for one in overlay.of(person).absences if one.until > at)
    if away in ahead:
        return overlay
    if len(ahead) >= ABSENCES_AT_MOST:
        raise InvalidInputError(f"{person} has {ABSENCES_AT_MOST} absences ahead: join some of them")
    return overlay.having(person, absences=tuple(sorted((*ahead, away), key=lambda one: one.since)))


def end_absence(base: Directory, overlay: Overlay, person: PersonId, at: Instant) -> Overlay:
    """Let somebody be back at `at`: a present absence ends then, those to come stay.

    Raises:
        NotFoundError: nobody has this id, or they are not away.
        InvalidInputError: the absence stands in the list of people.
    """
    if any(one.since <= at < one.until for one in _known(base, person).absences):
        raise InvalidInputError(f"the absence of {person} stands in the list of people: change it there")
    kept = overlay.of(person).absences
    if not any(one.since <= at < one.until for one in kept):
        raise NotFoundError("absence now of", person)
    ahead = tuple(one for one in kept if one.since > at)
    return overlay.having(person, absences=ahead)


def _composed(person: Person, changed: Personal | None) -> Person:
    if changed is None:
        return person
    listed = None if person.suspended_from == changed.lifted else person.suspended_from
    suspensions = [one for one in (listed, changed.suspended_from) if one is not None]
    known = {key.id for key in person.keys}
    keys = (*person.keys, *(key for key in changed.keys if key.id not in known))
    absences = (*person.absences, *(one for one in changed.absences if one not in person.absences))
    return person.model_copy(
        update={
            "keys": tuple(_revoked(key, changed.revocations.get(key.id)) for key in keys),
            "suspended_from": min(suspensions, default=None),
            "absences": absences,
        }
    )


def _revoked(key: PersonalKey, at: Instant | None) -> PersonalKey:
    moments = [one for one in (key.revoked_from, at) if one is not None]
    return key.model_copy(update={"revoked_from": min(moments, default=None)})


def _within(key: PersonalKey, held: PersonalKey) -> bool:
    """Whether a key counts at no moment at which it did not before."""
    begins = held.since is None or (key.since is not None and key.since >= held.since)
    ends = held.revoked_from is None or (
        key.revoked_from is not None and key.revoked_from <= held.revoked_from
    )
    return begins and ends


def _known(directory: Directory, person: PersonId) -> Person:
    found = directory.person(person)
    if found is None:
        raise NotFoundError("person", person)
    return found


def _check_owner(directory: Directory, overlay: Overlay, person: PersonId, key: Sha256Hex) -> None:
    listed = {one.id for other in directory.people if other.id != person for one in other.keys}
    others = [other for name, other in overlay.people.items() if name != person]
    kept = {one for other in others for one in (*(held.id for held in other.keys), *other.revocations)}
    if key in listed | kept:
        raise InvalidInputError(f"key {key[:16]} belongs to somebody else: use one of your own")
