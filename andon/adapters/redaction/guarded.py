"""Evidence sources as they may be stored: fields nobody needs left out, secrets masked, the rest counted.

It stands between every source and whatever stores what it gives, so that no secret reaches the store,
not even encrypted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final, Protocol, cast

from andon.adapters.redaction.content import Masker, NotTextError
from andon.adapters.redaction.patterns import ALL_PASSES
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import Gap
from andon.domain.minimal import Minimal
from andon.domain.redaction import RULES, SECRETS
from andon.domain.values import IncidentId, Slug
from andon.ports import Captured, EvidenceSource, EvidenceSources, ResumableSource
from andon.register.policies import Systems

JSON: Final = "application/json"


class Marks(Protocol):
    """Gives secrets marks under an incident's key."""

    def mark_now(self, incident: IncidentId, secret: str) -> str:
        """Return the mark of a secret."""


class Guard:
    """What is done to each artefact before it is stored."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def admitted(self, incident: IncidentId, captured: Captured, keep: Sequence[str] | None) -> Captured:
        """Return the artefact as it may be stored, with counts of what was found and left out."""
        content, left_out = _least(captured, keep)

        marks: dict[str, str] = {}

        def mask(rule: str, passage: str) -> str:
            if rule not in SECRETS:
                return passage
            if passage not in marks:
                marks[passage] = self._marks.mark_now(incident, passage)
            return f"[secret:{rule}:{marks[passage]}]"

        try:
            masked = Masker(ALL_PASSES, frozenset(RULES), mask).masked(content, captured.content_type)
        except NotTextError:
            return captured
        if any(rule in SECRETS for rule in masked.found):
            content = masked.content
        return captured.model_copy(
            update={"content": content, "found": dict(sorted(masked.found.items())), "left_out": left_out}
        )


def _least(captured: Captured, keep: Sequence[str] | None) -> tuple[bytes, int]:
    """Return the content without the fields that are not kept; what is no JSON has no fields."""
    if captured.content_type != JSON or (keep is None and b'"attributes"' not in captured.content):
        return captured.content, 0
    try:
        document = json.loads(captured.content)
    except (ValueError, RecursionError):
        return captured.content, 0
    minimal = Minimal(keep)
    kept = minimal.of(document)
    if not minimal.left_out:
        return captured.content, 0
    written = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return written.encode(), minimal.left_out.total()


Kept = Callable[[Slug], Awaitable[Sequence[str] | None]]
"""Says which fields of a source are kept for an AI system; None: those of the table of names."""


class GuardedSource:
    """A source whose artefacts have passed the guard."""

    def __init__(self, inner: EvidenceSource, guard: Guard, kept: Kept) -> None:
        self.name = inner.name
        self.version = inner.version
        self.supplies = inner.supplies
        self._inner = inner
        self._guard = guard
        self._kept = kept

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield what the source has, as it may be stored."""
        async for one in self._admitted(query, self._inner.collect(query)):
            yield one

    async def _admitted(
        self, query: EvidenceQuery, given: AsyncIterator[Captured | Gap]
    ) -> AsyncIterator[Captured | Gap]:
        keep = await self._kept(query.system)
        async with aclosing(cast("Any", given)) as found:
            async for one in found:
                if isinstance(one, Gap):
                    yield one
                else:
                    yield await asyncio.to_thread(self._guard.admitted, query.incident, one, keep)


class ResumableGuardedSource(GuardedSource):
    """A guarded source that can tell where it was."""

    def __init__(self, inner: ResumableSource, guard: Guard, kept: Kept) -> None:
        super().__init__(inner, guard, kept)
        self._going_on = inner

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on behind the item that carried `cursor`."""
        async for one in self._admitted(query, self._going_on.collect_after(query, cursor)):
            yield one


class GuardedSources:
    """Every AI system's sources behind the guard, with the fields its file says are kept."""

    def __init__(self, inner: EvidenceSources, systems: Systems, guard: Guard) -> None:
        self._inner = inner
        self._systems = systems
        self._guard = guard

    async def of(self, system: Slug, source: Slug) -> EvidenceSource | None:
        """Return a source by the id that a plan has for it; None: nobody named it."""
        found = await self._inner.of(system, source)
        if found is None:
            return None
        kept = partial(self._kept, source)
        if isinstance(found, ResumableSource):
            return ResumableGuardedSource(found, self._guard, kept)
        return GuardedSource(found, self._guard, kept)

    async def _kept(self, source: Slug, system: Slug) -> Sequence[str] | None:
        registered = await asyncio.to_thread(self._systems.system, system)
        return registered.evidence.keep.get(source) if registered is not None else None
