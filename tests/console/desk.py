"""A console on fresh databases, and incidents that the real workflow responds to behind it."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

import playbooks
from andon import ports
from andon.adapters.calendar import business_calendar
from andon.adapters.people import RegisterDirectory
from andon.adapters.store.evidence_index import RegisterEvidenceIndex
from andon.adapters.store.ledger import LockedLedger
from andon.adapters.store.memory import MemoryEvidenceStore
from andon.adapters.store.projection import RegisterProjection
from andon.adapters.store.vault import AesVault
from andon.adapters.weighing import RegisterWeigher
from andon.bootstrap import Queries, open_queries
from andon.bootstrap.custody import custody_of
from andon.bootstrap.runtime import file_writer
from andon.config import (
    DatabaseSettings,
    KeySettings,
    ListenSettings,
    PolicySettings,
    Settings,
    TemporalSettings,
)
from andon.console.parts import Parts, open_parts
from andon.domain.directory import Directory, Person, Role
from andon.domain.errands import EvaluationRequest
from andon.domain.gate import EvaluationResult
from andon.domain.incident import IncidentView, OpenIncident
from andon.domain.playbook import Plan
from andon.domain.resolving import choose_playbook, resolve
from andon.domain.severity import Band, Classification
from andon.domain.signing import key_id, public_key_of
from andon.domain.system import AISystem
from andon.ports import Captured
from andon.register.migrate import migrate
from andon.register.standings import Standings
from tests import fakes
from tests.api.server import bearer, token, write_tokens
from tests.workflows.case import start
from workers.compose import duties_of, worker_for
from workflows import queues

SEED = bytes(range(32))
SYSTEM = "refund_desk"
PATIENCE = 20.0
BOTH = "both-as-reporter"
"""Somebody with two roles, and a token for one of them."""


def everybody() -> Directory:
    """One person for each role, under the name the tests' tokens stand for."""
    people = [Person(id=f"{role}-1", name=f"The {role.replace('_', ' ')}", roles=(role,)) for role in Role]
    return Directory(people=(*people, Person(id=BOTH, name="Both", roles=(Role.REPORTER, Role.RESPONDER))))


def _add_token(path: Path, name: str, entry: dict[str, str]) -> None:
    tokens = json.loads(path.read_text())
    tokens[hashlib.sha256(token(name).encode()).hexdigest()] = entry
    path.write_text(json.dumps(tokens))


@dataclass
class Behind:
    """The ports of the workers: the register is real, the world around it is not."""

    queries: Queries
    vault: ports.Vault
    memory: MemoryEvidenceStore = field(default_factory=MemoryEvidenceStore)
    running: fakes.MemoryVersions = field(default_factory=fakes.MemoryVersions)
    staging: ports.StagingCopy = field(default_factory=fakes.MemoryStaging)
    signals: ports.SignalReader = field(init=False)
    watches: ports.WatchBook = field(init=False)
    notifier: ports.Notifier = field(default_factory=lambda: fakes.MemoryPeople(everybody()))
    versions: ports.VersionReader = field(init=False)
    store: ports.EvidenceStore = field(init=False)
    sources: ports.EvidenceSources = field(init=False)
    levers: Mapping[str, ports.LeverControl] = field(init=False)
    directory: ports.DirectoryReader = field(init=False)
    ledger: ports.LedgerStore = field(init=False)
    statements: ports.StatementReader = field(init=False)
    projection: ports.Projection = field(init=False)
    evidence: ports.EvidenceIndex = field(init=False)
    files: ports.FileWriter = field(init=False)
    weigher: ports.Weigher = field(init=False)
    evaluator: ports.Evaluator = field(init=False)
    evaluations: ports.EvaluationLog = field(init=False)

    def __post_init__(self) -> None:
        queries = self.queries
        found = [Captured(kind="input", content=b"{}", content_type="application/json", name="input-1")]
        self.sources = fakes.Sources(
            {"recorder": fakes.ListSource("recorder", found), "versions": fakes.ListSource("versions")}
        )
        self.levers = {"flag": fakes.MemoryLevers()}
        self.store, self.versions = self.memory, self.running
        self.directory = RegisterDirectory(Standings(queries.databases.register))
        self.ledger = self.statements = LockedLedger(self.store, queries.ledger)
        self.projection = RegisterProjection(queries.incidents)
        self.evidence = RegisterEvidenceIndex(queries.evidence)
        self.files = file_writer(self.store, queries)
        self.weigher = RegisterWeigher(queries.detections, playbooks.load().severity, queries.systems)
        self.signals = self.watches = fakes.MemorySignals()
        self.evaluator = self.evaluations = fakes.MemoryEvaluations(judge=self._passes)

    def _passes(self, _: EvaluationRequest) -> EvaluationResult:
        at = datetime.now(UTC)
        return EvaluationResult(
            suite="refund_desk_suite",
            started_at=at,
            finished_at=at,
            completed=True,
            versions=self.running.digest(),
            total=13,
            finished=13,
            incident_case=True,
        )


@dataclass
class Office:
    """One console, the register it reads, and the way to put incidents there."""

    settings: Settings
    queries: Queries
    parts: Parts
    behind: Behind
    policy: str
    shelf: playbooks.Shelf
    http: httpx.AsyncClient | None = None

    def plan(self, system: AISystem | None = None) -> Plan:
        system = system or playbooks.load_systems()[SYSTEM]
        public = public_key_of(SEED)
        return resolve(
            system,
            choose_playbook(self.shelf.playbooks, system, "unauthorised_tool_action"),
            self.shelf.rights,
            self.shelf.evidence,
            policy=self.policy,
            trusted={key_id(public): base64.b64encode(public).decode()},
            calendar=business_calendar(
                "Europe/Berlin", "DE", "", self.shelf.rights.business_hours, datetime.now(UTC)
            ),
        )

    def alone(self) -> AISystem:
        """Register an AI system that no other test's incident holds."""
        shipped = playbooks.load_systems()[SYSTEM]
        own = shipped.model_copy(update={"id": f"{SYSTEM}_{secrets.token_hex(3)}"})
        self.queries.systems.put_system(own)
        return own

    async def allot(self, title: str = "Refunds go to other accounts", **changes: Any) -> OpenIncident:
        """Put an incident in the register as the door does, without starting its workflow."""
        at = datetime.now(UTC)
        incident = f"INC-{at:%Y%m%d}-{secrets.token_hex(3)}"
        sealed = await self.parts.texts.seal(incident, "title", title)
        fields = {
            "incident": incident,
            "detection": f"DET-{secrets.token_urlsafe(12)}",
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
            "title": sealed.digest,
            "plan": self.plan(),
        }
        opening = OpenIncident(**{**fields, **changes})
        self.queries.incidents.allot(opening, dedupe=None, title=sealed)
        return opening

    async def until(self, incident: str, condition: Callable[[IncidentView], object]) -> IncidentView:
        """Wait a bounded time for the register to show a state."""
        async with asyncio.timeout(PATIENCE):
            while True:
                row = await asyncio.to_thread(self.queries.incidents.get, incident)
                if row and (view := row.view) and condition(view):
                    return view
                await asyncio.sleep(0.02)


def open_office(folder: Path, temporal: str) -> Office:
    """Return a console on fresh databases with the shipped policy, and one token a role."""
    for name, content in (("master.key", secrets.token_bytes(32)), ("attestation.key", SEED)):
        (folder / name).write_bytes(content)
    _add_token(write_tokens(folder), BOTH, {"person": BOTH, "role": Role.REPORTER.value})
    own = folder / "playbooks"
    own.mkdir()  # empty: the shipped policies fill in
    settings = Settings(
        data_dir=folder,
        temporal=TemporalSettings(address=temporal, namespace="default", ui_url="http://localhost:8233"),
        databases=DatabaseSettings(
            switches_url=f"sqlite:///{folder}/switches.db",
            register_url=f"sqlite:///{folder}/register.db",
            recorder_url=f"sqlite:///{folder}/recorder.db",
        ),
        console=ListenSettings(url="http://localhost:8700"),
        keys=KeySettings(master=folder / "master.key", attestation=folder / "attestation.key"),
        policy=PolicySettings(playbooks=own),
    )
    migrate(settings.databases)
    queries = open_queries(settings)
    behind = Behind(queries, AesVault(settings.keys.master, queries.keys))
    parts = dataclasses.replace(
        open_parts(settings),
        store=behind.store,
        custody=custody_of(settings, queries.databases.register, behind.memory, behind.vault),
        files=file_writer(behind.store, queries),
    )
    shelf = playbooks.load()
    queries.people.put_directory(everybody(), datetime.now(UTC) - timedelta(days=1))
    for system in playbooks.load_systems().values():
        queries.systems.put_system(system)
    policy = queries.policies.put("snapshot", shelf.snapshot())
    return Office(settings, queries, parts, behind, policy, shelf)


@asynccontextmanager
async def serving(client: Client, behind: Behind) -> AsyncIterator[None]:
    """Run one worker per queue."""
    async with AsyncExitStack() as workers:
        for queue in (queues.RESPONSE, queues.EVIDENCE, queues.EVALUATION):
            for duty in duties_of(queue, behind, client):
                await workers.enter_async_context(worker_for(client, duty))
        yield


async def opened(office: Office, client: Client, **changes: Any) -> str:
    """Open an incident whose workflow runs; return its id once it is contained and triage is asked."""
    opening = await office.allot(**changes)
    await start(client, opening)
    await office.until(
        opening.incident,
        lambda view: view.contained and view.seals and any(one.open for one in view.decisions),
    )
    return opening.incident


@dataclass
class Caller:
    """One role's way into the API."""

    http: httpx.AsyncClient
    role: Role

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, headers=bearer(self.role), params=query)

    async def answer(
        self, incident: str, decision: str, option: str, *, key: str | None = None, **body: Any
    ) -> httpx.Response:
        headers = bearer(self.role) | ({"Idempotency-Key": key} if key else {})
        return await self.http.post(
            f"/v1/incidents/{incident}/decisions/{decision}/responses",
            headers=headers,
            json={"option": option, "reason": "seen in the traces", **body},
        )
