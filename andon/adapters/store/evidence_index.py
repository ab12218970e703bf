"""The index of evidence, kept in the register."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from andon.adapters.store.together import Together
from andon.domain.evidence import EvidenceItem, Gap, Manifest
from andon.domain.retention import Kept, RetentionPolicy
from andon.domain.severity import Band
from andon.domain.values import IncidentId, Slug
from andon.register.evidence import Evidence


class RegisterEvidenceIndex:
    """Runs the register's queries in threads."""

    def __init__(self, evidence: Evidence, retention: RetentionPolicy | None = None) -> None:
        self._evidence = evidence
        self._retention = retention
        self._intend = Together(evidence.intend)

    async def term(self, incident: IncidentId, kind: Slug) -> Kept | None:
        """Return how long a kind of evidence is kept, by how severe its incident is now."""
        if self._retention is None:
            return None
        band = await asyncio.to_thread(self._evidence.severity, incident)
        # Of an incident that the register does not know the gravest is assumed.
        return self._retention.of(kind, band or Band.CRITICAL)

    async def intend(self, incident: IncidentId, snapshot: int, key: str) -> None:
        """Keep that an object is about to be stored."""
        await self._intend((incident, snapshot, key))

    async def leftovers(self, incident: IncidentId, snapshot: int) -> tuple[str, ...]:
        """Return what was about to be stored and no item names."""
        return await asyncio.to_thread(self._evidence.leftovers, incident, snapshot)

    async def save_items(
        self, incident: IncidentId, snapshot: int, items: Sequence[EvidenceItem], gaps: Sequence[Gap]
    ) -> None:
        """Keep what one source gave to a snapshot that is not sealed yet."""
        await asyncio.to_thread(self._evidence.save_items, incident, snapshot, items, gaps)

    async def collected(
        self, incident: IncidentId, snapshot: int
    ) -> tuple[tuple[EvidenceItem, ...], tuple[Gap, ...]]:
        """Return all items and gaps of a snapshot, in order."""
        return await asyncio.to_thread(self._evidence.collected, incident, snapshot)

    async def save_manifest(self, manifest: Manifest) -> None:
        """Keep a sealed manifest."""
        await asyncio.to_thread(self._evidence.save_manifest, manifest)

    async def manifest(self, incident: IncidentId, snapshot: int) -> Manifest:
        """Return a sealed manifest."""
        return await asyncio.to_thread(self._evidence.manifest, incident, snapshot)
