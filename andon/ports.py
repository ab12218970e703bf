"""What the activities need from the world, as roles; adapters name the vendor.

Each port says which errors its adapters must raise. Everything else that goes wrong (a server
that is away, a time-out) propagates as it is and is retried by the activity's policy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from pydantic import Field

from andon.domain.containment import Applied, Order, Proof, Released
from andon.domain.custody import Access
from andon.domain.directory import Role, Standing
from andon.domain.errands import EvaluationRequest, EvidenceQuery
from andon.domain.evidence import EvidenceItem, Gap, Manifest
from andon.domain.facts import Weighed
from andon.domain.gate import EvaluationResult
from andon.domain.incident import Exhibit, IncidentView, OpenIncident
from andon.domain.ledger import Entry, Head
from andon.domain.notice import Code, Notice, Recipients, Target
from andon.domain.retention import Kept
from andon.domain.run_alarm import Alarmed, Fate, OpenRun, RunAlarm, RunAlarmKind
from andon.domain.share import Sampled
from andon.domain.signing import Envelope
from andon.domain.values import Carried, Frozen, IncidentId, Instant, PersonId, Sha256Hex, Slug


class LeverControl(Protocol):
    """One kind of enforcement point. Keys make each call safe to repeat."""

    async def read(self, order: Order) -> bytes:
        """Return the lever's present state, for capture and undo."""

    async def apply(self, order: Order, key: str, *, capture_within: timedelta) -> Applied:
        """Put the order's hold on the lever; a repeat with the same key changes nothing.

        The state before is captured first and stored if absent under the order's id; if that
        takes longer than `capture_within`, the hold is put on all the same and the loss named.

        Raises:
            LeverUnknownError: the lever does not exist. Final.
        """

    async def probe(self, order: Order) -> Proof:
        """Look at the effect by a path that does not use the lever's own reply."""

    async def release(self, order: Order, key: str) -> Released:
        """Take the order's hold off; other holds stay. A repeat changes nothing.

        Raises:
            LeverUnknownError: the lever does not exist. Final.
        """


@runtime_checkable
class SharingLever(LeverControl, Protocol):
    """A lever that can let a share of requests through."""

    async def sample(self, order: Order) -> Sampled:
        """Look at the effect from both sides of the order's share, as requests do."""


class ObjectReceipt(Carried):
    """What the store says of an object it holds."""

    key: str
    version_id: str
    sha256: Sha256Hex
    size_bytes: int
    locked_until: Instant | None
    lock_mode: str = Field(
        "", description="COMPLIANCE or GOVERNANCE, as the store says it; empty: not locked"
    )


class EvidenceStore(Protocol):
    """Write-once storage with locks."""

    async def put(
        self, key: str, content: bytes, *, content_type: str, retention: timedelta | None = None
    ) -> ObjectReceipt:
        """Store `content` under `key` unless something stands there; locked for `retention`.

        Without one it is locked for as long as the settings say. Same bytes there already: the
        receipt of what stands. The receipt is read back from the store, lock included.

        Raises:
            StoreConflictError: other bytes stand under `key`. Final.
            EvidenceStoreError: the store refused. Final.
        """

    async def get(self, key: str) -> bytes:
        """Return the content under `key`.

        Raises:
            NotFoundError: nothing stands there. Final.
        """

    async def part(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of the content under `key`; less, if it ends before.

        Raises:
            NotFoundError: nothing stands there. Final.
        """

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""


class LedgerStore(Protocol):
    """Where batches of ledger entries come to rest: locked storage, then the register."""

    async def append(self, entries: Sequence[Entry], exhibits: Sequence[Exhibit]) -> Head:
        """Store entries and statements; a repeat with the same content changes nothing.

        Raises:
            StoreConflictError: another entry stands at one of these positions: a fork. Final.
        """

    async def head(self, incident: IncidentId) -> Head:
        """Return the head of the stored response chain."""


class AccessLog(Protocol):
    """The access chains: who looked, and what became of the evidence."""

    async def record(
        self,
        incident: IncidentId,
        actor: str,
        what: str,
        item: str,
        reason: Sha256Hex | None,
        at: Instant,
    ) -> Entry:
        """Write one entry and return it once it is locked.

        Whoever shows or exports evidence calls this first, and gives nothing out if it raises.
        """

    async def write(self, access: Access) -> Entry:
        """Write one entry with a role, an outcome or digests, and return it once it is locked."""


class StatementReader(Protocol):
    """Signed statements as they came to rest."""

    async def read(self, incident: IncidentId, digest: Sha256Hex) -> Envelope:
        """Return a stored statement.

        Raises:
            NotFoundError: no such statement is stored. Final.
        """


class Projection(Protocol):
    """The read model that lists and pages are made from."""

    async def show(self, view: IncidentView) -> None:
        """Replace what is shown of an incident, unless something newer is shown already."""

    async def shown(self, incident: IncidentId) -> IncidentView | None:
        """Return what is shown of an incident; None: nothing yet."""


class SealedText(Carried):
    """A person's words, encrypted and kept outside Temporal."""

    id: str
    digest: Sha256Hex = Field(description="SHA-256 of the stored bytes")


class Vault(Protocol):
    """Encryption with one key per incident (AES-256-GCM), wrapped by the master key."""

    async def encrypt(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt `content`; it can only be opened with the same `bound_to`.

        The same content under the same `bound_to` gives the same bytes, so a repeated capture
        stores nothing twice.
        """

    async def encrypt_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt many contents, by what each is bound to, as `encrypt` does with one."""

    async def commit(self, incident: IncidentId, content: bytes, *, bound_to: str) -> Sha256Hex:
        """Return a keyed digest of `content` in the clear, so that it can be shown to be what was stored.

        A bare digest of a short text, such as a telephone number, would give it away to guessing.
        """

    async def commit_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[Sha256Hex]:
        """Commit to many contents, by what each is bound to, as `commit` does to one."""

    async def decrypt(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open what `encrypt` gave.

        Raises:
            SignatureError: the bytes were altered, or belong elsewhere.
        """


class Captured(Frozen):
    """One artefact as a source gave it, not yet stored."""

    kind: Slug
    content: bytes
    content_type: str
    name: str = Field(description="stable within source and incident, so a repeat stores nothing twice")
    source_at: Instant | None = Field(None, description="the source's own time for it")
    skew_ms: int | None = Field(None, description="the source's clock against ours; None: it was not seen")
    origin: str = Field("", description="where exactly it lay; kept in the source's own record, encrypted")
    cursor: str = Field("", description="whence to go on once this and all before it are at rest")
    found: dict[str, int] = Field(
        default_factory=dict, description="personal data and secrets in it, by rule; secrets are masked"
    )
    left_out: int = Field(0, description="fields that were not to be kept")


class EvidenceSource(Protocol):
    """A place evidence comes from."""

    name: Slug
    version: str
    supplies: frozenset[str]
    """Kinds of evidence it can give; empty: any."""

    def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield artefacts, and a gap for each row that should be there and is not.

        Raises:
            SourceError: nothing can be had from this source; its reason becomes the gap's.
        """


@runtime_checkable
class ResumableSource(EvidenceSource, Protocol):
    """A source that can tell where it was."""

    def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on behind the item that carried `cursor`; an empty one begins anew."""


class EvidenceSources(Protocol):
    """The sources of every AI system."""

    async def of(self, system: Slug, source: Slug) -> EvidenceSource | None:
        """Return a source by the id that a plan has for it; None: nobody named it."""


class EvidenceIndex(Protocol):
    """Which items exist, for lists and the manifest."""

    async def intend(self, incident: IncidentId, snapshot: int, key: str) -> None:
        """Keep that an object is about to be stored, so that none is left that nothing names."""

    async def term(self, incident: IncidentId, kind: Slug) -> Kept | None:
        """Return by which class and for how long a kind of evidence is kept; None: the store's own term."""

    async def leftovers(self, incident: IncidentId, snapshot: int) -> tuple[str, ...]:
        """Return the keys that were about to be stored and that no item names, sorted."""

    async def save_items(
        self, incident: IncidentId, snapshot: int, items: Sequence[EvidenceItem], gaps: Sequence[Gap]
    ) -> None:
        """Keep what one source gave to a snapshot that is not sealed yet; a repeat changes nothing."""

    async def collected(
        self, incident: IncidentId, snapshot: int
    ) -> tuple[tuple[EvidenceItem, ...], tuple[Gap, ...]]:
        """Return all items and gaps of a snapshot, ordered by item id and row."""

    async def save_manifest(self, manifest: Manifest) -> None:
        """Keep a sealed manifest; a repeat changes nothing."""

    async def manifest(self, incident: IncidentId, snapshot: int) -> Manifest:
        """Return a sealed manifest.

        Raises:
            NotFoundError: this snapshot was never sealed. Final.
        """


class VersionReader(Protocol):
    """Asks an AI system which versions run."""

    async def read(self, system: Slug) -> Sha256Hex:
        """Return the digest of the running versions.

        Raises:
            SourceError: the system can't say.
        """


class Evaluator(Protocol):
    """Runs eval suites in a process of their own."""

    async def run(self, request: EvaluationRequest, progress: Callable[[str], None]) -> EvaluationResult:
        """Run the suite to its end and return its result; logs are stored as evidence.

        Calls `progress` at least every second. Cancelling stops the process and its children.

        Raises:
            EvaluationError: the suite could not be run. Final.
        """


class EvaluationLog(Protocol):
    """Results of evaluations, kept by the worker that ran them."""

    async def keep(self, incident: IncidentId, number: int, result: EvaluationResult) -> None:
        """Keep a result; a repeat changes nothing."""

    async def result(self, incident: IncidentId, number: int) -> EvaluationResult:
        """Return a kept result.

        Raises:
            NotFoundError: no such run has finished. Final.
        """


class DirectoryReader(Protocol):
    """The directory as it was at a moment."""

    async def standing(self, person: PersonId, at: Instant) -> Standing:
        """Return what the directory in force at `at` says of `person`."""


class Outbox(Protocol):
    """Takes notices that are to be sent, each on its own."""

    async def post(self, notices: Sequence[Notice]) -> None:
        """See to it that each is sent; one that was posted before is not sent a second time."""


class Notifier(Protocol):
    """Tells people, through their own channels, and keeps what became of it."""

    async def recipients(self, notice: Notice) -> Recipients:
        """Return whom to tell, by the directory now in force; who has no channel finds it in the outbox.

        Raises:
            NotFoundError: there is no directory yet.
        """

    async def tell(self, notice: Notice, target: Target) -> Code:
        """Try one channel of one person within a bounded time, and keep what became of it.

        At least once, always with the same message id; whoever has been reached before is left in peace.
        """

    async def conclude(self, notice: Notice, missing: tuple[Role, ...]) -> None:
        """Keep for which roles nobody can be reached; none, once that has been put right."""


class Weigher(Protocol):
    """Applies the severity policy to an incident's facts."""

    async def weigh(
        self,
        incident: IncidentId,
        at_least: Mapping[str, str],
        *,
        stated: Mapping[str, str],
        fresh: Sequence[str] = (),
        insist: bool = False,
        also: Sequence[IncidentId] = (),
    ) -> Weighed:
        """Weigh all that was reported, overruled by what people stated.

        Args:
            incident: its id.
            at_least: what people have learned since; each fact has at least this value.
            stated: facts as people stated them.
            fresh: which of those are new; the answer tells what they replace.
            insist: whether the severity that senders assert counts as well.
            also: incidents that were merged into it.
        """


class FileWriter(Protocol):
    """Writes the incident file at the end."""

    async def write(self, incident: IncidentId) -> Sha256Hex:
        """Store the incident file in its eight parts and return its digest; a repeat changes nothing."""


class StandingOrder(Frozen):
    """An order in force, and whether its hold is on record as it should be."""

    order: Order
    recorded: bool


class HoldPage(Frozen):
    """Some orders in force, and where the next page begins; None: this was the last."""

    standing: tuple[StandingOrder, ...]
    after: str | None


class HoldRegister(Protocol):
    """Knows which orders should be in force, with no word from any incident's workflow."""

    async def page(self, adapter: Slug, after: str | None, limit: int) -> HoldPage:
        """Return orders on one kind of lever; the first page has no `after`."""

    async def stands(self, order: str) -> bool:
        """Whether an order is still to be in force: it may be let go of at any moment."""

    async def reapply_key(self, order: str) -> str:
        """Return the key under which an order is applied anew; another one after each effect."""

    async def of(self, incident: IncidentId) -> tuple[Order, ...]:
        """Return the orders of an incident that should be in force."""

    async def released(self, orders: Sequence[str]) -> dict[str, Instant]:
        """Return which of these orders were let go of, and when."""


class IncidentVoice(Protocol):
    """Speaks to the workflows of incidents."""

    async def tell(self, incident: IncidentId, signal: str, message: Carried) -> None:
        """Send an incident's workflow a signal; one that does not run hears nothing."""


class IncidentRuns(IncidentVoice, Protocol):
    """The workflows of incidents, as Temporal has them."""

    async def running(self) -> dict[IncidentId, str]:
        """Return the run of each incident's workflow that runs, as a list that may lag by a moment."""

    async def fate(self, incident: IncidentId, run: str | None = None) -> Fate:
        """Return what has become of a workflow, or of one run of it, as it stands now."""

    async def start(self, opening: OpenIncident, told: Alarmed) -> str:
        """Start an incident's workflow again, with the alarm as its first signal; return its run."""


class AlarmLog(Protocol):
    """What was found of incidents' workflows."""

    async def open_runs(self) -> Sequence[OpenRun]:
        """Return the incidents whose workflow should run, each with the run that was seen last."""

    async def saw(self, runs: Mapping[IncidentId, str]) -> None:
        """Keep which run of each incident goes on, and forget those of closed ones."""

    async def raise_alarm(
        self, incident: IncidentId, kind: RunAlarmKind, details: Mapping[str, str]
    ) -> RunAlarm:
        """Record a finding, or return the same one if it is open already."""

    async def clear(self, running: Collection[IncidentId]) -> None:
        """Note that incidents run again."""

    async def alarmed(self) -> frozenset[IncidentId]:
        """Return the incidents with an open alarm."""

    async def opening(self, incident: IncidentId) -> OpenIncident | None:
        """Return what an open incident was started with; None: it is closed, or nobody kept it."""
