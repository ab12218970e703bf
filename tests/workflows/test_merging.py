"""Two incidents that are one: merged, let go of together, and parted again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from andon.domain.decision import DecisionKind
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.incident import Ending, Exhibit, IncidentView
from andon.domain.ledger import Entry, Head, Kind
from andon.domain.merging import LetGo, MergedIn, MergedOut
from andon.domain.response import Refusal
from andon.domain.signing import DECLARATION_TYPE, Envelope, sign
from andon.domain.values import Sha256Hex
from tests import fakes
from tests.workflows.case import (
    SEED,
    STRANGER,
    Case,
    Parts,
    end_all,
    opening_for,
    replays,
    serving,
    start,
    trusted,
)
from tests.workflows.policy import plan_for

LEAD = Role.INCIDENT_LEAD


@dataclass
class Ledgers:
    """One ledger an incident."""

    books: dict[str, fakes.MemoryLedger] = field(default_factory=lambda: defaultdict(fakes.MemoryLedger))

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        return await self.books[entries[0].incident].append(entries, exhibits)

    async def head(self, incident: str) -> Head:
        return await self.books[incident].head(incident)

    async def read(self, incident: str, digest: Sha256Hex) -> Envelope:
        return await self.books[incident].read(incident, digest)

    async def show(self, view: IncidentView) -> None:
        await self.books[view.incident].show(view)


@dataclass
class Both:
    """Two incidents of one AI system; `one` opened first."""

    one: Case
    other: Case
    ledgers: Ledgers

    def of(self, case: Case, kind: str) -> list[Entry]:
        return self.ledgers.books[case.opening.incident].of(kind)

    async def merge(self) -> None:
        """Merge `one` into `other`, and wait until the other knows."""
        done = await self.one.declare(Declared.MERGED, LEAD, about={"into": self.other.opening.incident})
        assert done.refusal is None
        name = self.one.opening.incident
        await self.other.until(lambda state: name in state.taken_in)
        await self.one.until(lambda state: state.merge is not None and state.merge.told)


@asynccontextmanager
async def both(environment: WorkflowEnvironment) -> AsyncIterator[Both]:
    ledgers, parts = Ledgers(), Parts()
    for port in ("ledger", "statements", "projection"):
        setattr(parts, port, ledgers)
    plan = plan_for(trusted())
    async with serving(environment.client, parts):
        cases: list[Case] = []
        for _ in range(2):
            opening = opening_for(plan)
            with environment.with_time_skipping_disabled():
                handle = await start(environment.client, opening)
            cases.append(Case(handle=handle, opening=opening, parts=parts, environment=environment))
            await cases[-1].until(lambda state: state.contained)
        try:
            yield Both(cases[0], cases[1], ledgers)
            for case in cases:
                await replays(case.handle)
        finally:
            for case in cases:
                await end_all(environment.client, case.handle.id)


async def test_one_keeps_its_holds_until_the_other_lets_go_and_ends_by_its_decision(
    environment: WorkflowEnvironment,
) -> None:
    async with both(environment) as two:
        await two.merge()
        state = await two.one.state()
        assert not any(record.open for record in state.decisions.values())
        assert state.contained
        await two.other.to_the_gate()
        await two.other.restart()
        assert await two.one.ended() is Ending.MERGED
        await two.other.until(lambda state: all(one.let_go for one in state.taken_in.values()))
        assert two.one.parts.levers_fake.stopped() == set()
        released = two.of(two.one, Kind.ORDER_RELEASED)
        decided = (await two.other.state()).decisions["restart-1"].request
        assert {entry.digests["request"] for entry in released} == {decided.digest()}
        assert [entry.subject for entry in two.of(two.one, Kind.MERGED)] == [two.other.opening.incident]
        assert [entry.subject for entry in two.of(two.other, Kind.MERGED_IN)] == [two.one.opening.incident]
        assert two.of(two.one, Kind.CLOSED)[0].after == "merged"
        assert two.of(two.one, Kind.FILE_WRITTEN)


async def test_a_merge_that_is_taken_back_lets_the_incident_go_on_where_it_was(
    environment: WorkflowEnvironment,
) -> None:
    async with both(environment) as two:
        await two.one.answer("triage", "confirm", Role.RESPONDER)
        await two.one.question("impact")
        await two.merge()
        done = await two.one.declare(Declared.UNMERGED, LEAD)
        assert done.refusal is None
        await two.other.until(lambda state: not state.taken_in)
        await two.one.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await two.one.answer("impact", "isolated", Role.OPERATIONS)
        await two.one.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await two.one.answer("remediation", "fix_deployed", Role.ENGINEER)
        await two.one.restart()
        await two.one.until(lambda state: state.watch_until is not None)
        assert len((await two.one.state()).of(DecisionKind.TRIAGE)) == 1
        stopped = two.one.parts.levers_fake.stopped()
        assert stopped, "the other incident holds them still"
        begun = [entry.subject for entry in two.of(two.one, Kind.STAGE_BEGUN)]
        assert sorted(begun) == sorted(set(begun))
        assert [entry.subject for entry in two.of(two.one, Kind.UNMERGED)] == [two.other.opening.incident]
        assert [entry.subject for entry in two.of(two.other, Kind.UNMERGED)] == [two.one.opening.incident]


async def test_the_earlier_deadline_counts_for_both(environment: WorkflowEnvironment) -> None:
    async with both(environment) as two:
        earlier = (await two.one.question("triage")).deadline
        later = (await two.other.question("triage")).deadline
        assert earlier is not None
        assert later is not None
        assert earlier < later
        await two.merge()
        asked = await two.other.until(
            lambda state: [
                one for one in state.of(DecisionKind.TRIAGE) if one.open and one.request.id != "triage-1"
            ]
        )
        assert asked.of(DecisionKind.TRIAGE)[-1].request.deadline == earlier
        (entry,) = two.of(two.other, Kind.MERGED_IN)
        assert entry.facts["opened_at"] == two.one.opening.opened_at.isoformat()


async def test_standing_the_other_down_lets_both_go(environment: WorkflowEnvironment) -> None:
    async with both(environment) as two:
        await two.merge()
        await two.other.answer("triage", "false_positive", Role.RESPONDER)
        await two.other.answer("triage", "false_positive", LEAD)
        assert await two.other.ended() is Ending.FALSE_POSITIVE
        assert await two.one.ended() is Ending.MERGED
        assert two.one.parts.levers_fake.stopped() == set()


async def test_it_stands_for_itself_again_when_the_other_ends_without_letting_go(
    environment: WorkflowEnvironment,
) -> None:
    async with both(environment) as two:
        await two.merge()
        other = two.other
        await other.answer("triage", "confirm", Role.RESPONDER)
        await other.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await other.answer("impact", "isolated", Role.OPERATIONS)
        await other.answer("diagnosis", "unknown", Role.ENGINEER)
        await other.answer("remediation", "not_restarting", Role.BUSINESS_OWNER)
        await other.answer("lessons", "no_change", LEAD)
        assert await other.ended() is Ending.NOT_RESTARTED
        await two.one.question("triage")
        (entry,) = two.of(two.one, Kind.UNMERGED)
        assert entry.facts == {"problem": "ended_without_letting_go"}


async def test_who_may_not_and_what_can_not_be_merged_is_refused(environment: WorkflowEnvironment) -> None:
    async with both(environment) as two:
        own, into = two.one.opening.incident, two.other.opening.incident
        for role, name, refusal in (
            (Role.ENGINEER, into, Refusal.WRONG_ROLE),
            (LEAD, own, Refusal.ABOUT),
            (LEAD, "INC-nowhere", Refusal.ABOUT),
        ):
            done = await two.one.declare(Declared.MERGED, role, about={"into": name})
            assert done.refusal is refusal
        assert (await two.one.declare(Declared.UNMERGED, LEAD)).refusal is Refusal.ALREADY_SO
        await two.merge()
        again = await two.one.declare(Declared.MERGED, LEAD, about={"into": into})
        assert again.refusal is Refusal.ALREADY_SO
        back = await two.other.declare(Declared.MERGED, LEAD, about={"into": own})
        assert back.refusal is Refusal.NOT_DECLARABLE


async def test_what_strangers_say_by_signal_merges_and_releases_nothing(
    environment: WorkflowEnvironment,
) -> None:
    async with both(environment) as two:
        one, other = two.one.opening.incident, two.other.opening.incident
        forged = sign(
            two.one.declaration(Declared.MERGED, LEAD, about={"into": other}), STRANGER, DECLARATION_TYPE
        )
        elsewhere = sign(
            two.one.declaration(Declared.MERGED, LEAD, about={"into": one}), SEED, DECLARATION_TYPE
        )
        for envelope in (forged, elsewhere):
            at = two.one.opening.opened_at
            told = MergedIn(incident=one, envelope=envelope, opened_at=at, detected_at=at, deadlines={})
            await two.other.signal("merged_in", told)
        await two.other.signal("merged_out", MergedOut(incident=one))
        await two.one.signal("let_go", LetGo(incident=other, decision=None))
        refused = await two.other.until(lambda state: state.refusals.get("signal") == 3)
        assert not refused.taken_in
        await two.one.until(lambda state: state.refusals.get("signal") == 1)


async def test_no_decision_but_the_others_restart_or_stand_down_lets_it_go(
    environment: WorkflowEnvironment,
) -> None:
    async with both(environment) as two:
        await two.merge()
        await two.other.answer("triage", "confirm", Role.RESPONDER)
        triage = (await two.other.state()).of(DecisionKind.TRIAGE)[-1]
        await two.one.signal("let_go", LetGo(incident=two.other.opening.incident, decision=triage))
        async with asyncio.timeout(20):
            while not two.of(two.one, Kind.RELEASE_REFUSED):
                await asyncio.sleep(0.02)
        assert (await two.one.state()).contained


async def test_what_joins_meanwhile_is_passed_on(environment: WorkflowEnvironment) -> None:
    async with both(environment) as two:
        await two.merge()
        at = two.one.opening.opened_at + timedelta(seconds=1)
        await two.one.signal("duplicates_joined", {"count": 3, "last_received_at": at.isoformat()})
        await two.other.until(lambda state: state.joined == 3)


async def test_a_split_is_on_record_and_counts_one_less(environment: WorkflowEnvironment) -> None:
    async with both(environment) as two:
        said = {"detection": "DET-AbCdEfGhIjKlMnOp"}
        assert (await two.one.declare(Declared.SPLIT, LEAD, about=said)).refusal is Refusal.NOT_DECLARABLE
        at = two.one.opening.opened_at.isoformat()
        await two.one.signal("duplicates_joined", {"count": 1, "last_received_at": at})
        await two.one.until(lambda state: state.joined == 1)
        assert (await two.one.declare(Declared.SPLIT, LEAD, about=said)).refusal is None
        assert (await two.one.state()).joined == 0
        assert [entry.subject for entry in two.of(two.one, Kind.SPLIT)] == ["DET-AbCdEfGhIjKlMnOp"]
