"""Months after the close: owners are reminded, proofs are taken, and it is seen whether it happened again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

import playbooks
from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.follow_up import LockedFollowUps
from andon.adapters.store.ledger import read_batch
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.config import DatabaseSettings
from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.custody import AccessKind
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.follow_up import SETTLE, FollowUp, SettlingTaken, follow_up_workflow
from andon.domain.ledger import Chain, Entry, verify_chain
from andon.domain.notice import Notice
from andon.domain.response import Refusal
from andon.domain.severity import Band
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.register.access_chain import AccessChain
from andon.register.change_tables import changes, follow_up_steps, follow_ups, recurrences
from andon.register.changes import Changes
from andon.register.engine import Databases, open_databases, writing
from andon.register.follow_ups import FollowUps
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.links import LinkKind, Links
from andon.register.migrate import migrate
from andon.register.quality_tables import links
from andon.register.tables import incidents
from tests import fakes
from tests.register.cases import PLAN, TITLE, closed, opening, view
from tests.workflows.case import PATIENCE, SEED, STRANGER, trusted
from workers.compose import worker_for
from workers.follow_up import begin, follow_up_duty
from workers.sandbox import sandbox_runner
from workflows.follow_up import FollowUpWorkflow

OWNER, LEAD = "p-operations", "p-incident_lead"
TERMS = playbooks.load().follow_up
PEOPLE = fakes.everybody()


@dataclass
class Posted:
    """An outbox that keeps what was posted, once each."""

    notices: dict[str, Notice] = field(default_factory=dict)

    async def post(self, notices: Sequence[Notice]) -> None:
        self.notices |= {notice.id: notice for notice in notices}

    def told(self) -> list[tuple[str, str]]:
        return [(one.about, one.person or one.roles[0].value) for one in self.notices.values()]


@dataclass
class Course:
    """One closed incident in a real register, and the workflow that follows up on it."""

    environment: WorkflowEnvironment
    databases: Databases
    incident: str
    store: MemoryEvidenceStore = field(default_factory=MemoryEvidenceStore)
    posted: Posted = field(default_factory=Posted)
    queue: str = field(default_factory=lambda: secrets.token_hex(8))
    closed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        register = self.databases.register
        self.changes, self.rows = Changes(register), FollowUps(register)
        self.place = LockedFollowUps(self.rows, LockedAccessLog(self.store, AccessChain(register)))

    def close(self, *promised: Change, severity: Band = Band.MEDIUM, exercise: bool = False) -> None:
        """Put the incident into the register as its workflow leaves it."""
        shown_here = Incidents(self.databases.register)
        plan = PLAN.model_copy(update={"trusted": trusted()})
        shown_here.allot(
            opening(
                self.incident, plan=plan, exercise=exercise, opened_at=self.closed_at - timedelta(days=1)
            ),
            dedupe=None,
            title=TITLE,
        )
        shown = closed(self.incident).model_copy(
            update={
                "closed_at": self.closed_at,
                "severity": severity,
                "exercise": exercise,
                "lead": LEAD,
                "findings": {"root_cause": "prompt_design", "failed_control": "eval_suite"},
                "changes": {one.id: one for one in promised},
            }
        )
        shown_here.show(shown)

    def again(self, number: int, days: float, cause: str) -> str:
        """Put another incident of the same AI system into the register, some days after the close."""
        there, at = Incidents(self.databases.register), self.closed_at + timedelta(days=days)
        name = f"{self.incident[:-1]}{number}"
        there.allot(opening(name, opened_at=at), dedupe=None, title=TITLE)
        there.show(view(name).model_copy(update={"opened_at": at, "findings": {"root_cause": cause}}))
        return name

    def to_follow(self) -> list[FollowUp]:
        return self.rows.to_follow(TERMS, datetime.now(UTC))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        duty = follow_up_duty(self.place, self.posted, self.queue)
        async with worker_for(self.environment.client, duty):
            yield

    async def begun(self) -> WorkflowHandle[Any, Any]:
        (following,) = self.to_follow()
        # Time passes here only when a test says so.
        with self.environment.with_time_skipping_disabled():
            await begin(self.environment.client, following, self.queue)
        await self.until(lambda: self.kinds()[:1] == ["follow_up_begun"])
        return self.handle

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.environment.client.get_workflow_handle(follow_up_workflow(self.incident))

    async def skip(self, **time: float) -> None:
        await asyncio.wait_for(self.environment.fast_forward(self.handle, timedelta(**time)), PATIENCE)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.02)

    def entries(self) -> list[Entry]:
        return Ledger(self.databases.register).entries(self.incident, Chain.ACCESS)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries()]

    def said(self, kind: Declared, person: str, role: Role, **fields: Any) -> Declaration:
        at = datetime.now(UTC)
        given: dict[str, Any] = {
            "incident": self.incident,
            "about": {"change": "change-1"},
            "reason": "b" * 64,
            "reason_text": "TXT-1",
            "policy": PLAN.policy,
            "nonce": secrets.token_hex(16),
            "received_at": at,
            "standing": standing_at(PEOPLE, person, at),
        }
        return Declaration(kind=kind, person=person, role=role, **(given | fields))

    async def say(
        self,
        kind: Declared,
        person: str,
        role: Role,
        *,
        seed: bytes = SEED,
        within: float = PATIENCE,
        **fields: Any,
    ) -> SettlingTaken:
        envelope = sign(self.said(kind, person, role, **fields), seed, DECLARATION_TYPE)
        sending = self.handle.execute_update(SETTLE, envelope, result_type=SettlingTaken)
        return await asyncio.wait_for(sending, within)

    def state(self, number: int = 1) -> ChangeState:
        return self.changes.of(self.incident)[number - 1].change.state


@pytest.fixture
def course(environment: WorkflowEnvironment, tmp_path: Path) -> Iterator[Course]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )
    migrate(settings)
    databases = open_databases(settings)
    yield Course(environment, databases, f"INC-20260302-{secrets.token_hex(3)}")
    databases.close()


def change(number: int = 1, *, days: int = 20, **fields: Any) -> Change:
    given: dict[str, Any] = {
        "type": ChangeType.TRAINING,
        "owner": OWNER,
        "due": datetime.now(UTC) + timedelta(days=days),
        "link": "c" * 64,
        "said_in": "lessons-1",
    }
    return Change(id=f"change-{number}", **(given | fields))


async def replayed(handle: WorkflowHandle[Any, Any]) -> None:
    replayer = Replayer(
        workflows=[FollowUpWorkflow],
        namespace="default",
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox_runner(),
    )
    await replayer.replay_workflow(await handle.fetch_history())


async def test_owner_lead_and_executive_hear_in_turn_until_the_change_is_proven(course: Course) -> None:
    course.close(change())
    async with course.working():
        handle = await course.begun()
        await course.skip(days=14)
        await course.until(lambda: "change_reminded" in course.kinds())
        assert course.posted.told() == [("change_reminded", OWNER)]
        await course.skip(days=7)
        await course.until(lambda: "change_overdue" in course.kinds())
        await course.skip(days=7)
        await course.until(lambda: "change_escalated" in course.kinds())
        assert course.posted.told()[1:] == [
            ("change_overdue", OWNER),
            ("change_overdue", LEAD),
            ("change_escalated", "executive"),
        ]
        taken = await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        assert (taken.refusal, taken.state) == (None, ChangeState.DONE)
        assert course.state() is ChangeState.DONE
        await course.skip(days=70)
        assert await asyncio.wait_for(handle.result(), PATIENCE) == 8
    assert course.kinds() == [
        "follow_up_begun",
        "change_reminded",
        "change_overdue",
        "change_escalated",
        "change_proven",
        "recurrence_measured",
        "recurrence_measured",
        "follow_up_ended",
    ]
    assert course.to_follow() == []
    await replayed(handle)


async def test_each_step_is_in_the_access_chain_and_locked_with_what_was_signed(course: Course) -> None:
    course.close(change(), change(2))
    async with course.working():
        await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        about = {"change": "change-2"}
        taken = await course.say(Declared.CHANGE_DROPPED, LEAD, Role.INCIDENT_LEAD, about=about)
        assert taken.state is ChangeState.DROPPED
        await course.handle.terminate("the test is over")
    entries = course.entries()
    assert verify_chain(entries).length == 3, course.kinds()
    for entry in entries:
        key = f"ledger/{course.incident}/access/{entry.sequence:08d}.jsonl"
        held, exhibits = read_batch(course.store.contents[key])
        assert held == [entry]
        named = [entry.digests["statement"]] if "statement" in entry.digests else []
        assert [one.digest for one in exhibits] == named
    assert [entry.facts.get("change") for entry in entries] == [None, "change-1", "change-2"]
    rows = course.changes.of(course.incident)
    assert [(row.settled_by, row.reason) for row in rows] == [(OWNER, "b" * 64), (LEAD, "b" * 64)]


async def test_whoever_may_not_settle_a_change_is_refused_and_that_is_on_record(course: Course) -> None:
    course.close(change(), severity=Band.HIGH)
    refused: list[tuple[str, Role, dict[str, Any], Refusal]] = [
        ("p-finance", Role.FINANCE, {}, Refusal.WRONG_ROLE),
        ("stranger", Role.ENGINEER, {}, Refusal.UNKNOWN_PERSON),
        (OWNER, Role.OPERATIONS, {}, Refusal.OWN_CHANGE),
        ("p-engineer", Role.ENGINEER, {"about": {"change": "change-7"}}, Refusal.ABOUT),
    ]
    async with course.working():
        handle = await course.begun()
        for person, role, fields, refusal in refused:
            taken = await course.say(Declared.CHANGE_PROVEN, person, role, **fields)
            assert taken.refusal is refusal
        unsigned = await course.say(Declared.CHANGE_PROVEN, "p-engineer", Role.ENGINEER, seed=STRANGER)
        assert unsigned.refusal is Refusal.SIGNATURE
        assert course.state() is ChangeState.OPEN
        assert (await course.say(Declared.CHANGE_PROVEN, "p-engineer", Role.ENGINEER)).refusal is None
        late = await course.say(Declared.CHANGE_PROVEN, "p-security", Role.SECURITY)
        assert late.refusal is Refusal.ALREADY_SO
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(SETTLE, {"not": "an envelope"})
        await replayed(handle)
        await handle.terminate("the test is over")
    outcomes = [entry.after for entry in course.entries() if entry.kind == AccessKind.CHANGE_REFUSED]
    assert outcomes == [
        *(one[-1].value for one in refused),
        Refusal.SIGNATURE.value,
        Refusal.ALREADY_SO.value,
    ]


@pytest.mark.long
async def test_a_flood_of_refused_proofs_is_answered_and_not_written_out(course: Course) -> None:
    course.close(change())
    async with course.working():
        handle = await course.begun()
        for _ in range(25):
            taken = await course.say(Declared.CHANGE_PROVEN, "p-finance", Role.FINANCE)
            assert taken.refusal is Refusal.WRONG_ROLE
        await handle.terminate("the test is over")
    assert course.kinds().count("change_refused") == 20


@pytest.mark.long
async def test_an_incident_like_it_is_found_linked_and_told_and_one_without_a_cause_is_counted(
    course: Course,
) -> None:
    course.close(change(state=ChangeState.DONE, fixes=True), change(2))
    same = course.again(7, 12, "prompt_design")
    late = course.again(8, 60, "prompt_design")
    course.again(9, 3, "unknown")
    async with course.working():
        handle = await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS, about={"change": "change-2"})
        await course.skip(days=91)
        await asyncio.wait_for(handle.result(), PATIENCE)
    found = {one.days: one for one, _ in course.rows.recurrences(course.incident)}
    assert [one.incident for one in found[30].again] == [same]
    assert [one.incident for one in found[90].again] == [same, late]
    assert found[30].unknown == found[90].unknown == 1
    tied = Links(course.databases.register)
    for end in (same, late):
        (link,) = tied.of(end)
        assert (link.kind, link.origin, link.why) == (
            LinkKind.RECURRENCE,
            course.incident,
            "root_cause:prompt_design",
        )
    told = [one.subject for one in course.posted.notices.values() if one.about == "recurrence"]
    assert told == ["1 within 30 days"] * 2 + ["2 within 90 days"] * 2
    measured = course.rows.looked(course.closed_at, course.closed_at + timedelta(days=100))
    assert [(one.change, one.days, one.in_spite_of_it) for one in measured] == [
        ("change-1", 30, 1),
        ("change-2", 30, 1),
        ("change-1", 90, 2),
        ("change-2", 90, 2),
    ]


@pytest.mark.long
async def test_a_follow_up_that_somebody_ended_goes_on_where_it_was(course: Course) -> None:
    course.close(change(), change(2, days=60))
    async with course.working():
        await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        await course.handle.terminate("somebody's doing")
        (following,) = course.to_follow()
        assert following.done == ("begun", "change-1/done")
        with course.environment.with_time_skipping_disabled():
            await begin(course.environment.client, following, course.queue)
        again = await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        assert again.refusal is Refusal.ALREADY_SO
        # Nobody ends it by asking nicely.
        await course.handle.cancel()
        await course.handle.signal("stop")
        await course.skip(days=54)
        await course.until(lambda: "change_reminded" in course.kinds())
        await course.handle.terminate("the test is over")
    assert course.kinds().count("follow_up_begun") == 1
    assert [one for one in course.posted.told() if one[0] == "change_reminded"] == [
        ("change_reminded", OWNER)
    ]


@pytest.mark.long
async def test_a_worker_that_dies_between_writing_and_saying_so_writes_nothing_twice(course: Course) -> None:
    course.close(change())
    lost = asyncio.Event()

    async def once(step: Any) -> None:
        await LockedFollowUps.record(course.place, step)
        if not lost.is_set():
            lost.set()
            raise ConnectionError("the worker died before it could say that it was done")

    course.place.record = once  # type: ignore[method-assign]
    async with course.working():
        await course.begun()
        await course.skip(days=14)
        await course.until(lambda: "change_reminded" in course.kinds())
        await course.handle.terminate("the test is over")
    assert lost.is_set()
    assert course.kinds() == ["follow_up_begun", "change_reminded"]


@pytest.mark.long
async def test_a_lost_register_is_had_again_from_the_chain(course: Course) -> None:
    promised = change(), change(2)
    course.close(*promised)
    same = course.again(7, 12, "prompt_design")
    async with course.working():
        handle = await course.begun()
        await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
        await course.skip(days=31)
        await course.until(lambda: "recurrence_measured" in course.kinds())
        await handle.terminate("the test is over")
    before = course.changes.of(course.incident), course.rows.recurrences(course.incident)
    (following,) = course.to_follow()
    with writing(course.databases.register) as connection:
        for table in (changes, follow_up_steps, follow_ups, recurrences, incidents, links):
            connection.execute(table.delete())
    course.close(*promised)
    assert course.state() is ChangeState.OPEN
    course.rows.rebuild(course.incident)
    assert before == (course.changes.of(course.incident), course.rows.recurrences(course.incident))
    assert course.to_follow() == [following]
    assert [link.target for link in Links(course.databases.register).of(course.incident)] == [same]
