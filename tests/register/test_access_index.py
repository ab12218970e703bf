"""The access chains of all incidents are looked through by who, what, when and of which incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from andon.domain.custody import Access, AccessKind, access_entry
from andon.domain.ledger import Entry, Head
from andon.register.access_chain import AccessChain
from andon.register.access_index import AccessIndex, AccessPlace, AccessSought
from andon.register.engine import Databases
from andon.register.ledger import Ledger

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
ONE, OTHER = "INC-20260301-aaaaaa", "INC-20260301-bbbbbb"


def access(incident: str, actor: str, what: AccessKind, minute: int) -> Access:
    return Access(incident=incident, actor=actor, what=what, at=AT + timedelta(minutes=minute))


@pytest.fixture
def index(databases: Databases) -> AccessIndex:
    AccessChain(databases.register).append(
        [
            access(ONE, "person:eva", AccessKind.VIEWED, 0),
            access(OTHER, "person:eva", AccessKind.READ_RAW, 1),
            access(ONE, "person:paul", AccessKind.VIEWED, 2),
            access(OTHER, "custodian", AccessKind.HELD, 2),
            access(ONE, "person:eva", AccessKind.EXPORTED, 3),
        ]
    )
    return AccessIndex(databases.register)


def told(entries: list[Entry]) -> list[tuple[str, int]]:
    return [(one.incident, one.sequence) for one in entries]


def test_all_are_found_newest_first_and_page_by_page(index: AccessIndex) -> None:
    whole = index.find(AccessSought())
    assert told(whole) == [(ONE, 2), (OTHER, 1), (ONE, 1), (OTHER, 0), (ONE, 0)]
    paged: list[Entry] = []
    place = None
    while page := index.find(AccessSought(), after=place, limit=2):
        paged += page
        place = AccessPlace(page[-1].at, page[-1].incident, page[-1].sequence)
    assert paged == whole


@pytest.mark.long
@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (AccessSought(actor="person:eva"), [(ONE, 2), (OTHER, 0), (ONE, 0)]),
        (AccessSought(kind="viewed"), [(ONE, 1), (ONE, 0)]),
        (AccessSought(incident=OTHER), [(OTHER, 1), (OTHER, 0)]),
        (AccessSought(since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=2)), [(OTHER, 0)]),
        (AccessSought(actor="person:eva", kind="viewed", incident=ONE), [(ONE, 0)]),
        (AccessSought(actor="person:%"), []),
    ],
)
def test_each_part_narrows(index: AccessIndex, sought: AccessSought, found: list[tuple[str, int]]) -> None:
    assert told(index.find(sought)) == found
    assert index.count(sought) == len(found)


@pytest.mark.long
def test_what_a_rebuild_puts_back_is_found_once(databases: Databases) -> None:
    entry = access_entry(access(ONE, "person:eva", AccessKind.VIEWED, 0), Head())
    for _ in range(2):
        Ledger(databases.register).append([entry])
    assert told(AccessIndex(databases.register).find(AccessSought())) == [(ONE, 0)]
