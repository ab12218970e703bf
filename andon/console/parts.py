"""What the console stands on: queries, sealed texts, the way to Temporal, keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Engine as DatabaseEngine

from andon.adapters.outgoing import Outgoing
from andon.api.authentication import TokenBook, token_book
from andon.api.source_secrets import SecretDrawer
from andon.api.vouching import vouching_key
from andon.bootstrap import load_shelf, open_runtime
from andon.bootstrap.custody import Custody, custody_of
from andon.bootstrap.runtime import file_writer
from andon.config import (
    CheckpointSettings,
    LiveSettings,
    OidcSettings,
    Settings,
    SignInSettings,
    VerifyingSettings,
)
from andon.console.delivery import Engine
from andon.console.doorway import Doorway
from andon.console.policy import PolicyOnShow
from andon.console.sessions import session_key
from andon.domain.values import IncidentId
from andon.ports import DirectoryReader, EvidenceStore, SealedText, Vault
from andon.register.access_tokens import AccessTokens
from andon.register.alarms import Alarms
from andon.register.codes import Codes
from andon.register.deliveries import Deliveries
from andon.register.detections import Detections
from andon.register.engine import Databases
from andon.register.evaluations import Evaluations
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.ledger import Ledger
from andon.register.links import Links
from andon.register.openings import Openings
from andon.register.people import People
from andon.register.policies import Policies, Systems
from andon.register.quality import QualityIssues
from andon.register.sessions import SessionRows
from andon.register.slips import Slips
from andon.register.source_secrets import SourceSecrets
from andon.register.spans import Spans
from andon.register.switches import Switches
from andon.register.system_uses import SystemUses
from andon.register.texts import Texts
from andon.register.uploads import Uploads
from andon.register.watches import Watches


class Sealing(Protocol):
    """Seals and opens people's words."""

    async def seal(self, incident: IncidentId, kind: str, text: str) -> SealedText:
        """Encrypt and keep a text."""

    def seal_now(self, incident: IncidentId, texts: Mapping[str, str]) -> dict[str, SealedText]:
        """Encrypt and keep texts by kind, in the calling thread and within its transaction."""

    async def open(self, sealed: SealedText) -> str:
        """Return a text in clear."""

    async def open_each(self, sealed: Collection[SealedText]) -> dict[str, str]:
        """Return texts in clear by id, at one go; what can't be opened is left out."""


class Files(Protocol):
    """Builds incident files."""

    async def build(self, incident: IncidentId) -> dict[str, Any]:
        """Return the incident file as it stands."""


@dataclass(frozen=True)
class Parts:
    """Everything the routes need; one for the process."""

    databases: Databases
    incidents: Incidents
    detections: Detections
    issues: QualityIssues
    links: Links
    ledger: Ledger
    codes: Codes
    uploads: Uploads
    evidence: Evidence
    people: People
    policies: Policies
    evaluations: Evaluations
    systems: Systems
    switches: Switches
    spans: Spans
    deliveries: Deliveries
    texts: Sealing
    kept_texts: Texts
    files: Files
    store: EvidenceStore
    vault: Vault
    custody: Custody
    directory: DirectoryReader
    engine: Engine
    doorway: Doorway
    tokens: TokenBook
    issued: AccessTokens
    sessions: SessionRows
    slips: Slips
    source_secrets: SecretDrawer
    openings: Openings
    alarms: Alarms
    watches: Watches
    uses: SystemUses
    outgoing: Outgoing
    """Calls what AI systems' files name as sources, where settings let it."""
    checkpoints: CheckpointSettings
    verifying: VerifyingSettings
    sign_in: SignInSettings
    live: LiveSettings
    oidc: OidcSettings
    attestation_seed: bytes
    session_key: bytes
    meanings: dict[str, str]
    """What each choice of whoever reports an output means."""
    policy: PolicyOnShow
    url: str
    temporal_ui: str
    namespace: str
    now: Callable[[], datetime]


QUERIED: Final = (
    "databases",
    "incidents",
    "detections",
    "issues",
    "links",
    "ledger",
    "codes",
    "uploads",
    "evidence",
    "people",
    "policies",
    "evaluations",
    "systems",
    "switches",
    "spans",
    "deliveries",
    "alarms",
    "watches",
    "uses",
)
"""Parts that are the queries of the same name."""


def _now() -> datetime:
    return datetime.now(UTC)


def _tokens(settings: Settings, register: DatabaseEngine) -> TokenBook:
    tokens = token_book(settings)
    tokens.look_in(register)
    return tokens


def _verifying(settings: Settings) -> VerifyingSettings:
    folder = settings.verifying.folder or settings.data_dir / "verifying"
    return settings.verifying.model_copy(update={"folder": folder})


def open_parts(settings: Settings) -> Parts:
    """Return the parts that the settings call for; servers are connected when first used.

    Raises:
        OSError, InvalidInputError: a key file can't be read, a policy file can't be used.
    """
    runtime = open_runtime(settings)
    queries = runtime.queries
    register = queries.databases.register
    return Parts(
        **{name: getattr(queries, name) for name in QUERIED},
        texts=runtime.texts,
        kept_texts=queries.texts,
        files=file_writer(runtime.store, queries),
        store=runtime.store,
        vault=runtime.vault,
        custody=custody_of(settings, register, runtime.store, runtime.vault),
        directory=runtime.directory,
        engine=Engine(settings.temporal),
        doorway=Doorway(settings.door.url, vouching_key(settings.keys.master), _now),
        tokens=_tokens(settings, register),
        issued=AccessTokens(register),
        sessions=SessionRows(register),
        slips=Slips(register),
        source_secrets=SecretDrawer(settings.keys.master, SourceSecrets(register)),
        openings=Openings(register),
        outgoing=Outgoing(settings.sources, section="sources"),
        checkpoints=settings.checkpoints,
        verifying=_verifying(settings),
        sign_in=settings.sign_in,
        live=settings.live,
        oidc=settings.oidc,
        attestation_seed=settings.keys.attestation.read_bytes(),
        session_key=session_key(settings.keys.master),
        meanings={name: one.meaning for name, one in load_shelf(settings.policy).flags.items()},
        policy=PolicyOnShow(settings.policy),
        url=settings.console.url,
        temporal_ui=settings.temporal.ui_url,
        namespace=settings.temporal.namespace,
        now=_now,
    )
