"""What follows from a batch follows once it is at rest, and nothing that follows holds the ledger up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import activities.ledger
from activities.ledger import Batch, Kept, LedgerActivities
from activities.release import ReleaseActivities, ReleaseCall
from andon.domain.containment import Order, Released
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.incident import Exhibit, IncidentState, IncidentView, view_of
from andon.domain.ledger import Entry
from andon.domain.notice import Notice
from tests import fakes
from tests.activities.test_containment import ORDER
from tests.activities.test_release import TRUSTED, Desk
from tests.register.cases import chain
from tests.workflows.case import opening_for, trusted
from tests.workflows.policy import plan_for


@dataclass
class Posted:
    notices: list[Notice] = field(default_factory=list)

    async def post(self, notices: Sequence[Notice]) -> None:
        self.notices += notices


@dataclass
class Watched(fakes.MemoryLevers):
    """Levers that note how long the ledger was when each was let go, and can be away or slow."""

    book: fakes.MemoryLedger = field(default_factory=fakes.MemoryLedger)
    lengths: list[int] = field(default_factory=list)
    away: bool = False
    takes: float = 0.0

    async def release(self, order: Order, key: str) -> Released:
        if self.away:
            raise ConnectionError("the lever does not answer")
        await asyncio.sleep(self.takes)
        self.lengths.append(len(self.book.entries))
        return await super().release(order, key)


def view() -> IncidentView:
    opening = opening_for(plan_for(trusted()))
    return view_of(opening, IncidentState(severity=opening.severity, classification=opening.classification))


class Book:
    """A restart that two people approve; the second answer comes with a batch."""

    def __init__(self) -> None:
        self.desk = Desk(DecisionKind.RESTART)
        self.desk.answer(Role.BUSINESS_OWNER)
        self.desk.answer(Role.LEGAL)
        self.fresh = self.desk.book.envelopes.pop(self.desk.statements[-1])
        self.levers = Watched(book=self.desk.book)
        self.levers.holds[ORDER.lever.id].add(ORDER.id)
        self.outbox = Posted()
        release = ReleaseActivities(
            {"flag": self.levers}, self.desk.people, self.desk.versions, self.desk.book
        )
        self.activities = LedgerActivities(self.desk.book, self.desk.book, self.outbox, release)

    async def append(self, entries: list[Entry]) -> Kept:
        batch = Batch(
            entries=tuple(entries),
            exhibits=(Exhibit(digest=self.fresh.digest(), envelope=self.fresh),),
            notices=(),
            view=view(),
            release=ReleaseCall(
                orders=(ORDER,),
                request=self.desk.request,
                statements=tuple(self.desk.statements),
                trusted=TRUSTED,
            ),
        )
        return await ActivityEnvironment().run(self.activities.append, batch)


async def test_a_lever_is_let_go_once_the_entries_and_statements_it_rests_on_are_at_rest() -> None:
    book = Book()
    kept = await book.append(chain(3))
    assert kept.release is not None
    assert kept.release.refused is None
    assert book.levers.lengths == [3]
    assert book.levers.stopped() == set()


async def test_an_attempt_that_is_repeated_stores_and_lets_go_once() -> None:
    book = Book()
    first, second = await book.append(chain(3)), await book.append(chain(3))
    assert first.head == second.head
    assert book.levers.effects == [f"{ORDER.id}/release"]


async def test_nothing_is_let_go_when_the_chain_is_forked() -> None:
    book = Book()
    await book.desk.book.append([entry.model_copy(update={"actor": "another"}) for entry in chain(1)], [])
    with pytest.raises(ApplicationError) as refused:
        await book.append(chain(3))
    assert refused.value.type == "StoreConflictError"
    assert book.levers.stopped() == {ORDER.lever.id}


async def test_a_refusal_of_the_last_check_is_told_and_lets_nothing_go() -> None:
    book = Book()
    book.desk.versions.running = "slipped in"
    kept = await book.append(chain(3))
    assert kept.release is not None
    assert kept.release.refused == "ReleaseRefusedError"
    assert book.levers.stopped() == {ORDER.lever.id}


async def test_a_lever_that_is_away_does_not_hold_up_the_ledger() -> None:
    book = Book()
    book.levers.away = True
    kept = await book.append(chain(3))
    assert kept.release is None
    assert len(book.desk.book.entries) == 3
    assert len(book.desk.book.views) == 1


async def test_a_lever_that_is_slow_is_waited_for_a_short_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities.ledger, "RELEASE_WITHIN", 0.05 * activities.ledger.RELEASE_WITHIN)
    book = Book()
    book.levers.takes = 30
    kept = await asyncio.wait_for(book.append(chain(3)), 10)
    assert kept.release is None


@dataclass
class Told:
    """Notes what it is told of milestones, and how long the ledger was then; can be away or slow."""

    book: fakes.MemoryLedger
    lengths: list[int] = field(default_factory=list)
    away: bool = False
    takes: float = 0.0

    async def reached(self, entries: Sequence[Entry]) -> None:
        if self.away:
            raise ConnectionError("Temporal does not answer")
        await asyncio.sleep(self.takes)
        self.lengths.append(len(self.book.entries))


def with_milestones(book: Book) -> Told:
    told = Told(book.desk.book)
    release = ReleaseActivities({"flag": book.levers}, book.desk.people, book.desk.versions, book.desk.book)
    book.activities = LedgerActivities(book.desk.book, book.desk.book, book.outbox, release, told)
    return told


async def test_milestones_are_told_of_once_the_batch_is_at_rest() -> None:
    book = Book()
    told = with_milestones(book)
    await book.append(chain(3))
    assert told.lengths == [3]


@pytest.mark.parametrize("how", [{"away": True}, {"takes": 30.0}], ids=["away", "slow"])
async def test_whoever_signs_and_archives_never_holds_up_the_ledger(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, float]
) -> None:
    monkeypatch.setattr(activities.ledger, "MILESTONES_WITHIN", 0.05 * activities.ledger.MILESTONES_WITHIN)
    book = Book()
    told = with_milestones(book)
    for name, value in how.items():
        setattr(told, name, value)
    kept = await asyncio.wait_for(book.append(chain(3)), 10)
    assert kept.head.length == 3
    assert told.lengths == []
