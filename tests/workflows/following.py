"""One closed incident in a real register, and the workflow that follows up on it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

import playbooks
from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.follow_up import LockedFollowUps
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.domain.change import Change, ChangeState, ChangeType
from andon.domain.declaration import Declaration, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.follow_up import SETTLE, FollowUp, SettlingTaken, follow_up_workflow
from andon.domain.ledger import Chain, Entry
from andon.domain.notice import Notice
from andon.domain.severity import Band
from andon.domain.signing import DECLARATION_TYPE, sign
from andon.register.access_chain import AccessChain
from andon.register.changes import Changes
from andon.register.engine import Databases
from andon.register.follow_ups import FollowUps
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from tests import fakes
from tests.register.cases import PLAN, TITLE, closed, opening, view
from tests.workflows.case import PATIENCE, SEED, trusted
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
