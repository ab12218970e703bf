"""Who is left to decide what somebody asks for: a question that nobody can settle is not worth putting."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from andon.domain.decision import Exclusion, Option
from andon.domain.directory import Directory, Person, Role
from andon.domain.rights import Right
from andon.domain.severity import Band
from andon.domain.values import Instant, PersonId

Slot = frozenset[Role]


def nobody_left(
    right: Right, band: Band, directory: Directory, at: Instant, *, requested_by: PersonId
) -> tuple[Slot, ...]:
    """Return the places for which nobody is left once whoever asks is excluded; none: it can be decided.

    Each place is the roles any one of which would fill it. Whoever is away counts: absences end. So do
    delegates, where the right lets them answer for somebody who is silent, or whose holder is away. What
    can't be decided in favour by anybody is told for the option that lacks the fewest people.
    """
    excluded = {requested_by} if Exclusion.REQUESTER in right.excludes_at.get(band, right.excludes) else set()
    roles = {
        one.id: _roles_of(one, right, directory, at)
        for one in directory.people
        if one.counts_at(at) and one.id not in excluded
    }
    options = right.options_at(band)
    forward = [one for one in options if not one.blocks] or options
    lacking = [_unfilled(_slots(option, right, options), roles) for option in forward]
    return min(lacking, key=len)


def _roles_of(person: Person, right: Right, directory: Directory, at: Instant) -> Slot:
    lent = (
        holder.roles
        for holder in directory.delegators(person.id)
        if not holder.suspended_at(at) and (right.delegates_after is not None or holder.absent_at(at))
    )
    return frozenset((*person.roles, *chain.from_iterable(lent)))


def _slots(option: Option, right: Right, options: Sequence[Option]) -> tuple[Slot, ...]:
    """Return the places of an option; an empty one takes whoever may answer, the ladder's roles too."""
    named = (role for one in options for slot in one.needs for role in slot)
    anybody = frozenset({*right.eligible, *(rung.role for rung in right.ladder), *named})
    return tuple(frozenset(slot) or anybody for slot in option.needs or ((),))


def _unfilled(slots: Sequence[Slot], people: Mapping[PersonId, Slot]) -> tuple[Slot, ...]:
    """Return the places left over when as many as can be have a person of their own."""
    placed: dict[PersonId, int] = {}
    return tuple(
        slot for number, slot in enumerate(slots) if not _place(number, slots, people, placed, set())
    )


def _place(
    number: int,
    slots: Sequence[Slot],
    people: Mapping[PersonId, Slot],
    placed: dict[PersonId, int],
    tried: set[PersonId],
) -> bool:
    """Give a place to somebody, moving others where they fit as well (an augmenting path)."""
    for person in _able(slots[number], people, tried):
        tried.add(person)
        held = placed.get(person)
        if held is None or _place(held, slots, people, placed, tried):
            placed[person] = number
            return True
    return False


def _able(slot: Slot, people: Mapping[PersonId, Slot], tried: Collection[PersonId]) -> list[PersonId]:
    return [one for one, roles in people.items() if slot & roles and one not in tried]
