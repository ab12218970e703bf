"""One incident, run by the real workflows and activities on fake ports."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from andon.domain.containment import Verb
from andon.domain.decision import DecisionKind, DecisionRequest
from andon.domain.declaration import Declaration, DeclarationTaken, Declared
from andon.domain.directory import Role, standing_at
from andon.domain.gate import EvaluationResult
from andon.domain.incident import Answered, Arrival, Ending, IncidentState, OpenIncident, Received
from andon.domain.ledger import Entry
from andon.domain.notice import Notice
from andon.domain.playbook import Plan
from andon.domain.proposal import Proposal, Proposed
from andon.domain.response import Statement
from andon.domain.severity import Band, Classification
from andon.domain.signing import DECLARATION_TYPE, PROPOSAL_TYPE, Envelope, key_id, public_key_of, sign
from andon.domain.values import NOTHING_YET, sha256
from tests import fakes
from tests.workflows.policy import plan_for
from workers.compose import WORKFLOWS, evaluation_duty, evidence_duty, notices_duty, respond_duty, worker_for
from workers.outbox import TemporalOutbox
from workers.sandbox import sandbox_runner
from workflows.incident import IncidentWorkflow

SEED = bytes(range(32))
"""Key of the console in these tests."""
STRANGER = bytes(reversed(range(32)))
PATIENCE = 20.0
"""Seconds: a bug in workflow code retries for ever and would hang the suite."""


@dataclass
class Parts:
    """All ports, faked."""

    levers_fake: fakes.MemoryLevers = field(default_factory=fakes.MemoryLevers)
    book: fakes.MemoryLedger = field(default_factory=fakes.MemoryLedger)
    people: fakes.MemoryPeople = field(default_factory=lambda: fakes.MemoryPeople(fakes.everybody()))
    versions: fakes.MemoryVersions = field(default_factory=fakes.MemoryVersions)
    signals: fakes.MemorySignals = field(default_factory=fakes.MemorySignals)
    staging: fakes.MemoryStaging = field(default_factory=fakes.MemoryStaging)
    evidence: fakes.MemoryEvidence = field(default_factory=fakes.MemoryEvidence)
    store: fakes.MemoryStore = field(default_factory=fakes.MemoryStore)
    vault: fakes.OpenVault = field(default_factory=fakes.OpenVault)
    sources: dict[str, Any] = field(default_factory=dict)
    evaluations: fakes.MemoryEvaluations = field(init=False)
    judged: Callable[..., dict[str, Any]] = lambda _: {}

    def __post_init__(self) -> None:
        self.sources = fakes.Sources(self.sources)
        self.levers = {"flag": self.levers_fake}
        self.ledger = self.statements = self.projection = self.book
        self.directory = self.notifier = self.people
        self.evaluations = fakes.MemoryEvaluations(judge=self._evaluated)
        self.evaluator = self.evaluations
        self.files = fakes.MemoryFiles(self.book)
        self.weigher = fakes.MemoryWeigher()
        self.watches = self.signals

    def _evaluated(self, request: Any) -> EvaluationResult:
        at = datetime.now(UTC) + timedelta(days=3650)
        result = {
            "suite": "suite",
            "started_at": at,
            "finished_at": at,
            "completed": True,
            "versions": self.versions.digest(),
            "total": 4,
            "finished": 4,
            "incident_case": True,
        }
        return EvaluationResult(**{**result, **self.judged(request)})


@dataclass
class Case:
    """A running incident and the people who answer it."""

    handle: WorkflowHandle[Any, Ending]
    opening: OpenIncident
    parts: Parts
    environment: WorkflowEnvironment

    async def skip(self, **time: float) -> None:
        """Move this incident's clock on."""
        await asyncio.wait_for(self.environment.fast_forward(self.handle, timedelta(**time)), PATIENCE)

    async def state(self) -> IncidentState:
        return await self.handle.query(IncidentWorkflow.state)

    async def until(
        self, condition: Callable[[IncidentState], object], *, seconds: float = PATIENCE
    ) -> IncidentState:
        """Wait a bounded time for the incident to come to a state."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    state = await self.state()
                except RPCError as error:
                    if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                        raise
                else:
                    if condition(state):
                        return state
                await asyncio.sleep(0.02)

    async def question(self, kind: str) -> DecisionRequest:
        """Wait for an open question of a kind."""
        state = await self.until(
            lambda s: [r for r in s.decisions.values() if r.request.kind == kind and r.open]
        )
        return next(r.request for r in state.decisions.values() if r.request.kind == kind and r.open)

    def statement(self, asked: DecisionRequest, option: str, role: Role, **changes: Any) -> Statement:
        answer: dict[str, Any] = {
            "incident": self.opening.incident,
            "decision": asked.id,
            "request": asked.digest(),
            "option": option,
            "reason": sha256(b"because"),
            "reason_text": "text-1",
            "binding": asked.binding,
            "policy": asked.policy,
            "shown": sha256(b"shown"),
            "person": f"p-{role}",
            "role": role,
            "nonce": secrets.token_urlsafe(18),
            "received_at": asked.opened_at + timedelta(seconds=1),
        }
        answer |= changes
        answer["standing"] = standing_at(self.parts.people.directory, answer["person"], answer["received_at"])
        return Statement(**answer)

    async def answer(
        self, kind: str, option: str, role: Role, *, seed: bytes = SEED, **changes: Any
    ) -> Answered:
        """Answer the open question of a kind."""
        request = await self.question(kind)
        return await self.send(sign(self.statement(request, option, role, **changes), seed))

    async def send(self, envelope: Envelope) -> Answered:
        return await asyncio.wait_for(
            self.handle.execute_update(IncidentWorkflow.respond, envelope), PATIENCE
        )

    def proposal(self, kind: DecisionKind, role: Role, **changes: Any) -> Proposal:
        asked: dict[str, Any] = {
            "incident": self.opening.incident,
            "kind": kind,
            "reason": sha256(b"because"),
            "reason_text": "text-1",
            "policy": self.opening.plan.policy,
            "person": f"p-{role}",
            "role": role,
            "nonce": secrets.token_urlsafe(18),
            "received_at": datetime.now(UTC),
        }
        asked |= changes
        asked["standing"] = standing_at(self.parts.people.directory, asked["person"], asked["received_at"])
        return Proposal(**asked)

    async def propose(
        self, kind: DecisionKind, role: Role, *, seed: bytes = SEED, **changes: Any
    ) -> Proposed:
        """Ask for a decision."""
        return await self.send_proposal(sign(self.proposal(kind, role, **changes), seed, PROPOSAL_TYPE))

    async def send_proposal(self, envelope: Envelope) -> Proposed:
        return await asyncio.wait_for(
            self.handle.execute_update(IncidentWorkflow.propose, envelope), PATIENCE
        )

    def declaration(self, kind: Declared, role: Role, **changes: Any) -> Declaration:
        stated: dict[str, Any] = {
            "incident": self.opening.incident,
            "kind": kind,
            "reason": sha256(b"because"),
            "reason_text": "text-1",
            "policy": self.opening.plan.policy,
            "person": f"p-{role}",
            "role": role,
            "nonce": secrets.token_urlsafe(18),
            "received_at": datetime.now(UTC),
        }
        stated |= changes
        people = self.parts.people.directory
        stated["standing"] = standing_at(people, stated["person"], stated["received_at"])
        return Declaration(**stated)

    async def declare(
        self, kind: Declared, role: Role, *, seed: bytes = SEED, **changes: Any
    ) -> DeclarationTaken:
        """State something without being asked."""
        return await self.send_declaration(
            sign(self.declaration(kind, role, **changes), seed, DECLARATION_TYPE)
        )

    async def send_declaration(self, envelope: Envelope) -> DeclarationTaken:
        return await asyncio.wait_for(
            self.handle.execute_update(IncidentWorkflow.declare, envelope), PATIENCE
        )

    async def restart(self) -> None:
        """Have everybody who must approve the restart approve it."""
        for role in (Role.BUSINESS_OWNER, Role.LEGAL, Role.SECURITY):
            assert (await self.answer("restart", "restart", role)).accepted

    async def to_the_gate(self) -> None:
        """Answer everything up to the fix."""
        await self.answer("triage", "confirm", Role.RESPONDER)
        await self.answer("legal_review", "hold_disclosure", Role.LEGAL)
        await self.answer("impact", "isolated", Role.OPERATIONS)
        await self.answer("diagnosis", "prompt_design", Role.ENGINEER)
        await self.answer("remediation", "fix_deployed", Role.ENGINEER)

    async def signal(self, name: str, *args: Any) -> None:
        """Send a raw signal, as anybody with access to Temporal can."""
        await self.handle.signal(name, args=list(args))

    async def entries(self, kind: str, count: int = 1) -> list[Entry]:
        """Wait a bounded time until the stored ledger holds so many entries of a kind."""
        async with asyncio.timeout(PATIENCE):
            while len(found := self.parts.book.of(kind)) < count:
                await asyncio.sleep(0.02)
        return found

    async def told(self, about: str, count: int) -> list[Notice]:
        """Wait a bounded time until so many notices of a kind have gone out."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [one for one in self.parts.people.notices if one.about == about]) < count:
                await asyncio.sleep(0.02)
        return found

    async def ended(self) -> Ending:
        return await asyncio.wait_for(self.handle.result(), PATIENCE * 2)


def opening_for(plan: Plan, **changes: Any) -> OpenIncident:
    at = datetime.now(UTC)
    fields = {
        "incident": f"INC-20261121-{secrets.token_hex(3)}",
        "detection": "DET-1",
        "source": "source:monitor",
        "channel": "monitoring",
        "type": "unauthorised_tool_action",
        "opened_at": at,
        "occurred_at": None,
        "detected_at": at,
        "severity": Band.HIGH,
        "classification": Classification.AI_INCIDENT,
        "provisional": False,
        "containment_required": True,
        "fired_rules": ("H9",),
        "title": NOTHING_YET,
        "plan": plan,
    }
    return OpenIncident(**{**fields, **changes})


def trusted() -> dict[str, str]:
    public = public_key_of(SEED)
    return {key_id(public): base64.b64encode(public).decode()}


@asynccontextmanager
async def opened(
    environment: WorkflowEnvironment, parts: Parts | None = None, **changes: Any
) -> AsyncIterator[Case]:
    """Open an incident and serve it until the block ends."""
    parts = parts or Parts()
    plan = changes.pop("plan", None) or plan_for(trusted(), sources=tuple(parts.sources))
    opening = opening_for(plan, **changes)
    async with serving(environment.client, parts):
        with environment.with_time_skipping_disabled():
            handle = await start(environment.client, opening)
        try:
            yield Case(handle=handle, opening=opening, parts=parts, environment=environment)
            await replays(handle)
        finally:
            await end_all(environment.client, handle.id)


async def replays(handle: WorkflowHandle[Any, Ending]) -> None:
    """Replay what has just happened: a test that passes on a history that does not replay proves nothing."""
    replayer = Replayer(
        workflows=WORKFLOWS,
        namespace="default",
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox_runner(),
    )
    await replayer.replay_workflow(await handle.fetch_history())


async def end_all(client: Client, incident: str) -> None:
    """End an incident and its children: the next test's workers serve the same queues."""
    for workflow_id in (*(f"{incident}/watch/{number}" for number in (1, 2, 3)), incident):
        try:
            await client.get_workflow_handle(workflow_id).terminate("the test is over")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


@asynccontextmanager
async def serving(client: Client, parts: Parts) -> AsyncIterator[None]:
    """Run one worker per queue."""
    async with AsyncExitStack() as workers:
        outbox = TemporalOutbox(client)
        for duty in (
            respond_duty(parts, outbox),
            notices_duty(parts),
            evidence_duty(parts),
            evaluation_duty(parts),
        ):
            await workers.enter_async_context(worker_for(client, duty))
        yield


async def start(client: Client, opening: OpenIncident) -> WorkflowHandle[Any, Ending]:
    """Open the incident as the door does."""
    operation = WithStartWorkflowOperation(
        IncidentWorkflow.run,
        opening,
        id=f"incident/{opening.incident}",
        task_queue="andon",
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        task_timeout=timedelta(seconds=2),
    )
    arrival = Arrival(
        detection=opening.detection,
        received_at=opening.opened_at,
        source=opening.source,
        channel=opening.channel,
    )
    await asyncio.wait_for(
        client.execute_update_with_start_workflow(
            IncidentWorkflow.open_or_join, arrival, start_workflow_operation=operation, result_type=Received
        ),
        PATIENCE,
    )
    return await operation.workflow_handle()


TOOL = (Verb.DISABLE_TOOL, "issue_refund")
