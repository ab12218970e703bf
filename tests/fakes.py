"""In-memory ports. Each passes the contract suite of its real adapter in tests/adapters."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from andon.domain.containment import Applied, Order, Proof, Released
from andon.domain.directory import Directory, Person, Role, Standing, standing_at
from andon.domain.errands import EvaluationRequest, EvidenceQuery
from andon.domain.errors import (
    EvaluationError,
    LeverUnknownError,
    NotFoundError,
    SourceError,
    StoreConflictError,
)
from andon.domain.evidence import EvidenceItem, Gap, Manifest
from andon.domain.facts import Weighed
from andon.domain.gate import EvaluationResult
from andon.domain.incident import Exhibit, IncidentView
from andon.domain.ledger import Entry, Head, verify_chain
from andon.domain.notice import Code, Notice, Recipients, Target, recipients_of
from andon.domain.retention import Kept
from andon.domain.severity import Band
from andon.domain.signing import Envelope
from andon.domain.staging import Reproduction, ReproductionCall
from andon.domain.suite_run import Before
from andon.domain.values import Sha256Hex, digest_of, sha256
from andon.domain.watch import LookKept, WatchSignal
from andon.ports import Captured, EvidenceSource, ObjectReceipt


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryLevers:
    """Levers in memory; `blind` probes see nothing, `outages` calls to apply fail first."""

    known: Callable[[str], bool] = lambda _: True
    outages: int = 0
    blind: bool = False
    holds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    effects: list[str] = field(default_factory=list)
    keys: dict[str, datetime] = field(default_factory=dict)

    async def read(self, order: Order) -> bytes:
        return str(not self.holds[order.lever.id]).encode()

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        if not self.known(order.lever.id):
            raise LeverUnknownError(order.lever.id)
        if self.outages:
            self.outages -= 1
            raise ConnectionError("the lever does not answer")
        if key not in self.keys:
            self.keys[key] = now()
            self.effects.append(key)
            self.holds[order.lever.id].add(order.id)
        return Applied(order=order.id, at=self.keys[key], captured=sha256(b"True"))

    async def probe(self, order: Order) -> Proof:
        held = bool(self.holds[order.lever.id]) and not self.blind
        return Proof(order=order.id, held=held, at=now(), via="memory", saw=f"{not held}/STATIC".lower())

    async def release(self, order: Order, key: str) -> Released:
        if key not in self.keys:
            self.keys[key] = now()
            self.effects.append(key)
            self.holds[order.lever.id].discard(order.id)
        return Released(order=order.id, at=self.keys[key], allowed=not self.holds[order.lever.id])

    def stopped(self) -> set[str]:
        return {lever for lever, holds in self.holds.items() if holds}


@dataclass
class MemoryLedger:
    entries: list[Entry] = field(default_factory=list)
    envelopes: dict[Sha256Hex, Envelope] = field(default_factory=dict)
    views: list[IncidentView] = field(default_factory=list)

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        for entry in entries:
            if entry.sequence < len(self.entries):
                if self.entries[entry.sequence] != entry:
                    raise StoreConflictError(str(entry.sequence), self.entries[entry.sequence].digest())
            else:
                self.entries.append(entry)
        for exhibit in exhibits:
            self.envelopes[exhibit.digest] = exhibit.envelope
        return verify_chain(self.entries)

    async def head(self, incident: str) -> Head:
        return verify_chain(self.entries)

    async def read(self, incident: str, digest: Sha256Hex) -> Envelope:
        if digest not in self.envelopes:
            raise NotFoundError("statement", digest)
        return self.envelopes[digest]

    async def show(self, view: IncidentView) -> None:
        if not self.views or view.version >= self.views[-1].version:
            self.views.append(view)

    async def shown(self, incident: str) -> IncidentView | None:
        return next((view for view in reversed(self.views) if view.incident == incident), None)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]

    def of(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]


@dataclass
class MemoryPeople:
    directory: Directory
    notices: list[Notice] = field(default_factory=list)
    undelivered: dict[str, tuple[Role, ...]] = field(default_factory=dict)

    async def standing(self, person: str, at: datetime) -> Standing:
        return standing_at(self.directory, person, at)

    async def recipients(self, notice: Notice) -> Recipients:
        if notice not in self.notices:
            self.notices.append(notice)
        return recipients_of(self.directory, notice, now())

    async def tell(self, notice: Notice, target: Target) -> Code:
        person = self.directory.person(target.person)
        return Code.GONE if person is None or target.channel >= len(person.channels) else Code.SENT

    async def conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        self.undelivered[notice.id] = missing


def everybody() -> Directory:
    """One person for each role, named after it, with one channel."""
    return Directory(
        people=tuple(
            Person(id=f"p-{role}", name=role.title(), roles=(role,), channels=(f"memory://{role}",))
            for role in Role
        )
    )


@dataclass
class MemoryStore:
    objects: dict[str, bytes] = field(default_factory=dict)

    async def put(
        self, key: str, content: bytes, *, content_type: str, retention: timedelta | None = None
    ) -> ObjectReceipt:
        standing = self.objects.setdefault(key, content)
        if standing != content:
            raise StoreConflictError(key, sha256(standing))
        return ObjectReceipt(
            key=key, version_id="1", sha256=sha256(content), size_bytes=len(content), locked_until=None
        )

    async def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFoundError("object", key)
        return self.objects[key]

    async def part(self, key: str, offset: int, size_bytes: int) -> bytes:
        return (await self.get(key))[offset : offset + size_bytes]

    async def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))


class OpenVault:
    """Stores in the clear, bound to its place: for tests of what surrounds encryption."""

    async def encrypt(self, incident: str, content: bytes, *, bound_to: str) -> bytes:
        return f"{incident}|{bound_to}|".encode() + content

    async def encrypt_each(self, incident: str, contents: Mapping[str, bytes]) -> list[bytes]:
        return [await self.encrypt(incident, one, bound_to=name) for name, one in contents.items()]

    async def commit(self, incident: str, content: bytes, *, bound_to: str) -> str:
        return sha256(f"{incident}|{bound_to}|".encode() + content)

    async def commit_each(self, incident: str, contents: Mapping[str, bytes]) -> list[str]:
        return [await self.commit(incident, one, bound_to=name) for name, one in contents.items()]

    async def decrypt(self, incident: str, stored: bytes, *, bound_to: str) -> bytes:
        return stored.removeprefix(f"{incident}|{bound_to}|".encode())


@dataclass
class MemoryEvidence:
    kept: dict[int, tuple[list[EvidenceItem], list[Gap]]] = field(default_factory=dict)
    manifests: dict[int, Manifest] = field(default_factory=dict)
    intended: dict[int, set[str]] = field(default_factory=dict)

    async def intend(self, incident: str, snapshot: int, key: str) -> None:
        self.intended.setdefault(snapshot, set()).add(key)

    async def term(self, incident: str, kind: str) -> Kept | None:
        return None

    async def leftovers(self, incident: str, snapshot: int) -> tuple[str, ...]:
        named = {item.key for items, _ in self.kept.values() for item in items}
        return tuple(sorted(self.intended.get(snapshot, set()) - named))

    async def save_items(
        self, incident: str, snapshot: int, items: Sequence[EvidenceItem], gaps: Sequence[Gap]
    ) -> None:
        had, named = self.kept.setdefault(snapshot, ([], []))
        had.extend(item for item in items if item.id not in {one.id for one in had})
        named.extend(gap for gap in gaps if gap not in named)

    async def collected(
        self, incident: str, snapshot: int
    ) -> tuple[tuple[EvidenceItem, ...], tuple[Gap, ...]]:
        items, gaps = self.kept.get(snapshot, ([], []))
        return tuple(sorted(items, key=lambda item: item.id)), tuple(gaps)

    async def save_manifest(self, manifest: Manifest) -> None:
        self.manifests.setdefault(manifest.snapshot, manifest)

    async def manifest(self, incident: str, snapshot: int) -> Manifest:
        if snapshot not in self.manifests:
            raise NotFoundError("manifest", str(snapshot))
        return self.manifests[snapshot]


class Sources(dict[str, EvidenceSource]):
    """The same sources for every AI system."""

    async def of(self, system: str, source: str) -> EvidenceSource | None:
        return self.get(source)


@dataclass
class ListSource:
    """Gives what it was made with, or raises."""

    name: str
    found: Sequence[Captured | Gap] = ()
    failure: SourceError | None = None
    version: str = "1"
    supplies: frozenset[str] = frozenset()

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        if self.failure is not None:
            raise self.failure
        for one in self.found:
            yield one


@dataclass
class MemoryEvaluations:
    """An evaluator that answers with what `judge` makes of the request, and the log it is kept in."""

    judge: Callable[[EvaluationRequest], EvaluationResult]
    results: dict[int, EvaluationResult] = field(default_factory=dict)
    runs: int = 0

    async def run(self, request: EvaluationRequest, progress: Callable[[str], None]) -> EvaluationResult:
        progress("running")
        await asyncio.sleep(0)
        if request.past:
            return self.judge(request).model_copy(update={"before": Before.FAILED.value})
        self.runs += 1
        return self.judge(request)

    async def keep(self, incident: str, number: int, result: EvaluationResult) -> None:
        self.results.setdefault(number, result)

    async def result(self, incident: str, number: int) -> EvaluationResult:
        if number not in self.results:
            raise NotFoundError("evaluation", str(number))
        return self.results[number]


@dataclass
class MemoryStaging:
    """A staging copy that answers everything, and what was sent to it."""

    asked: list[ReproductionCall] = field(default_factory=list)
    away: bool = False

    async def reproduce(self, call: ReproductionCall) -> Reproduction:
        self.asked.append(call)
        if self.away:
            raise EvaluationError("no staging copy")
        return Reproduction(id=call.id, status=200, versions="a" * 64, seconds=0.5)


@dataclass
class MemoryVersions:
    running: str = "v1"
    silent: bool = False

    async def read(self, system: str) -> Sha256Hex:
        if self.silent:
            raise SourceError("versions", "unreachable", "no answer")
        return self.digest()

    def digest(self) -> Sha256Hex:
        return digest_of({"running": self.running})


@dataclass
class MemorySignals:
    """The signals of every AI system, and the numbers they stand at; one without a number can't be read."""

    signals: tuple[WatchSignal, ...] = ()
    numbers: dict[str, float] = field(default_factory=dict)
    kept: dict[int, list[LookKept]] = field(default_factory=dict)

    async def stated(self, system: str) -> tuple[WatchSignal, ...]:
        return self.signals

    async def read(self, system: str, name: str) -> float:
        if name not in self.numbers:
            raise SourceError(name, "unreachable", "no answer")
        return self.numbers[name]

    async def keep(self, incident: str, watch: int, looks: Sequence[LookKept]) -> None:
        self.kept[watch] = list(looks)


@dataclass
class MemoryFiles:
    ledger: MemoryLedger
    written: int = 0

    async def write(self, incident: str) -> Sha256Hex:
        self.written += 1
        return digest_of({"entries": len(self.ledger.entries)})


@dataclass
class MemoryWeigher:
    """Gives one severity to whatever has been learned, and remembers what that was."""

    severity: Band = Band.LOW
    learned: list[dict[str, str]] = field(default_factory=list)

    insisted: list[bool] = field(default_factory=list)

    async def weigh(
        self,
        incident: str,
        at_least: Mapping[str, str],
        *,
        stated: Mapping[str, str],
        fresh: Sequence[str] = (),
        insist: bool = False,
        also: Sequence[str] = (),
    ) -> Weighed:
        self.insisted.append(insist)
        self.learned.append(dict(at_least))
        return Weighed(
            severity=self.severity,
            provisional=not stated,
            fired_rules=("H2",),
            before=dict.fromkeys(fresh, "unknown"),
        )
