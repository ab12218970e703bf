"""Who together settles what: every set of people against a count of who fills which slot."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from andon.domain.decision import Accepted, DecisionKind, settle
from andon.domain.directory import Role
from andon.domain.severity import Band
from andon.domain.values import NOTHING_YET
from tests.domain.shipped_rights import NOON, RIGHTS, question

EVERY = [(kind, band) for kind in DecisionKind for band in Band]


def answer(person: str, role: Role, option: str) -> Accepted:
    return Accepted.model_construct(
        person=person,
        role=role,
        option=option,
        findings={},
        received_at=NOON,
        late=False,
        nonce=f"{person}{role}",
        statement=NOTHING_YET,
    )


def slots(kind: DecisionKind, band: Band, option: str) -> list[list[str]]:
    """Whom an option takes, by the text of the rights."""
    text = next(one for one in RIGHTS[kind.value]["options"] if one["id"] == option)
    needs: list[list[str]] = text.get("needs_at", {}).get(band.value, text.get("needs", [[]]))
    return needs


def enough(needs: list[list[str]], roles: Sequence[Role]) -> bool:
    """Whether people with these roles, one each, fill every slot in some way of placing them."""
    return any(
        all(not slot or role.value in slot for slot, role in zip(needs, placed, strict=True))
        for placed in itertools.permutations(roles, len(needs))
    )


def subsets(kind: DecisionKind, most: int) -> Iterator[tuple[Role, ...]]:
    """Return every set of so many roles out of those who may be asked, and one who is not."""
    right = RIGHTS[kind.value]
    named = {*right["eligible"], *(rung["role"] for rung in right.get("ladder", ())), "auditor"}
    roles = sorted(Role(name) for name in named)
    return itertools.chain.from_iterable(itertools.combinations(roles, size) for size in range(most + 1))


def test_every_set_of_up_to_four_people_settles_exactly_what_the_rights_let_it() -> None:
    wrong, cells, settled = [], 0, 0
    for kind, band in EVERY:
        request = question(kind, band)
        for option, roles in itertools.product(request.options, subsets(kind, 4)):
            found = settle(request, [answer(role, role, option.id) for role in roles])
            decides = bool(roles) if option.blocks else enough(slots(kind, band, option.id), roles)
            cells, settled = cells + 1, settled + (found is not None)
            if found != (option.id if decides else None):
                wrong.append((kind.value, band.value, option.id, roles, found))
    counts = f"{cells} sets of people, {settled} settle, {len(wrong)} wrong"
    print(counts)
    assert not wrong, f"{counts}: {wrong[:5]}"


def test_one_refusal_among_up_to_three_others_blocks_in_whatever_order_they_come() -> None:
    wrong, cells = [], 0
    for kind, band in EVERY:
        request = question(kind, band)
        for against in (option.id for option in request.options if option.blocks):
            onward = [option.id for option in request.options if not option.blocks]
            for option, roles in itertools.product(onward, subsets(kind, 3)):
                yes = [answer(role, role, option) for role in roles]
                for place in range(len(yes) + 1):
                    no = answer("no", Role.EXECUTIVE, against)
                    for order in itertools.permutations(yes):
                        cells += 1
                        if settle(request, [*order[:place], no, *order[place:]]) != against:
                            wrong.append((kind.value, band.value, option, roles, place))
    counts = f"{cells} orders with one refusal, {len(wrong)} not blocked"
    print(counts)
    assert cells
    assert not wrong, f"{counts}: {wrong[:5]}"


def test_one_person_with_every_role_and_two_keys_counts_once() -> None:
    wrong, cells = [], 0
    for kind, band in EVERY:
        request = question(kind, band)
        for option in request.options:
            alone = [answer("ana", role, option.id) for role in Role]
            takes_two = not option.blocks and len(slots(kind, band, option.id)) > 1
            for order in (alone, alone[::-1]):
                cells += 1
                if takes_two and settle(request, order) is not None:
                    wrong.append((kind.value, band.value, option.id))
    counts = f"{cells} questions to one person, {len(wrong)} settled by them alone"
    print(counts)
    assert not wrong, f"{counts}: {wrong[:5]}"
