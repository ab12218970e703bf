"""The ports of evidence: where it comes from, and the index of what exists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from pydantic import Field

from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceItem, Gap, Manifest
from andon.domain.retention import Kept
from andon.domain.values import Frozen, IncidentId, Instant, Sha256Hex, Slug


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
