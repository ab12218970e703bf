"""Every AI system's sources: the built-in ones, and those that its file names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from andon.adapters.sources.bounded import BoundedSource, UnusableSource
from andon.adapters.sources.kinds import KINDS, SourceMeans, check, rows_of
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import GapReason
from andon.domain.system import SourceEntry
from andon.domain.values import Slug
from andon.ports import EvidenceSource
from andon.register.policies import Systems


class RegisteredSources:
    """Looks up what a plan names by id, in the file now in force, so that a mended one serves at once."""

    def __init__(self, built_in: Mapping[str, EvidenceSource], systems: Systems, means: SourceMeans) -> None:
        self._built_in = built_in
        self._systems = systems
        self._means = means

    async def of(self, system: Slug, source: Slug) -> EvidenceSource | None:
        """Return a source; one that can't be used here gives gaps that say why."""
        if source in self._built_in:
            return self._built_in[source]
        registered = await asyncio.to_thread(self._systems.system, system)
        entry = registered.evidence.source(source) if registered is not None else None
        return None if entry is None else source_of(entry, self._means)


def source_of(entry: SourceEntry, means: SourceMeans) -> EvidenceSource:
    """Return the source that an entry describes; one that can't be used here gives gaps that say why."""
    try:
        check(entry)
        kind = KINDS.load(entry.kind)
        return BoundedSource(entry, kind.version, kind.build(entry, means), means)
    except (InvalidInputError, ImportError) as error:
        reason, detail = GapReason.NOT_CONFIGURED, str(error)
    except SourceError as error:
        reason, detail = GapReason(error.reason), error.detail
    return UnusableSource(entry, rows_of(means.rows, entry.supplies), reason, detail)
