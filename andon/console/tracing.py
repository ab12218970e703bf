"""Finding one output whole: in the flight recorder, or among what an incident preserved."""

from __future__ import annotations

import asyncio
from typing import Final

from andon.adapters.store.packs import open_item
from andon.api.authentication import Caller
from andon.console.models.trace import FoundIn, Preserved, TraceShown
from andon.console.parts import Parts
from andon.domain.custody import Access, AccessKind
from andon.domain.errors import InvalidInputError, NotFoundError
from andon.domain.evidence import EvidenceItem
from andon.domain.trace import Span, of_stored, outputs_of, trace_id_in, trace_of
from andon.domain.trace_names import OUTPUT_IDS, TRACE_KIND
from andon.domain.trace_tree import trace_tree
from andon.domain.values import IncidentId
from andon.register.traces import Traces

OPENED_AT_MOST: Final = 100
"""Preserved traces of one incident that are opened to find an output by its id."""

TREE: Final = "trace_tree"


class Tracing:
    """Answers what led to an output, by the id of its trace or its own."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept = Traces(parts.databases.recorder)

    async def of(self, wanted: str, caller: Caller, incident: IncidentId | None = None) -> TraceShown:
        """Return the tree; from an incident's evidence if it is named, else from wherever it is found.

        Raises:
            NotFoundError: nothing with such an id is kept.
        """
        if incident is None:
            spans = await asyncio.to_thread(self._recorded, wanted)
            if spans:
                return _shown(spans, wanted, FoundIn.RECORDER)
            incident = await asyncio.to_thread(self._incident_of, wanted)
        if incident is not None:
            for item in await asyncio.to_thread(self._items, incident, wanted):
                spans = await self._opened(incident, item, caller)
                if trace_id_in(wanted) or wanted in outputs_of(spans, OUTPUT_IDS):
                    shown = _shown(spans, wanted, FoundIn.EVIDENCE)
                    found = await asyncio.to_thread(self._preserved, incident, shown.tree.trace_id)
                    return shown.model_copy(
                        update={"incident": incident, "item": item.id, "preserved": found}
                    )
        raise NotFoundError("trace or output", wanted)

    def _recorded(self, wanted: str) -> list[Span]:
        trace = trace_id_in(wanted)
        return self._kept.of([trace]) if trace else self._kept.of_output(wanted)

    def _incident_of(self, wanted: str) -> IncidentId | None:
        trace = trace_id_in(wanted)
        return self._parts.evidence.incident_with(TRACE_KIND, trace) if trace else None

    def _items(self, incident: IncidentId, wanted: str) -> list[EvidenceItem]:
        """Return the preserved traces that may hold what is wanted, newest first."""
        trace = trace_id_in(wanted)
        items = [one for one in self._parts.evidence.items(incident, TRACE_KIND) if trace_of(one)]
        fitting = [one for one in items if trace is None or trace_of(one) == trace]
        return fitting[::-1][:OPENED_AT_MOST]

    def _preserved(self, incident: IncidentId, trace: str) -> tuple[Preserved, ...]:
        items = {one.kind: one for one in self._parts.evidence.items(incident) if _is_of(one, trace)}
        return tuple(Preserved(kind=kind, sha256=items[kind].sha256) for kind in sorted(items))

    async def _opened(self, incident: IncidentId, item: EvidenceItem, caller: Caller) -> list[Span]:
        """Return a preserved trace's spans; that somebody looked is on record before."""
        looked = Access(
            incident=incident,
            actor=f"person:{caller.person}",
            what=AccessKind.VIEWED,
            at=self._parts.now(),
            item=item.id,
            role=caller.role,
            outcome=TREE,
        )
        await self._parts.custody.access.write(looked)
        content = await open_item(self._parts.store, self._parts.vault, incident, item)
        try:
            return of_stored(content)
        except InvalidInputError:
            return []


def _is_of(item: EvidenceItem, trace: str) -> bool:
    return not item.redaction_of and trace_id_in(item.id.rsplit("/", 1)[-1]) == trace


def _shown(spans: list[Span], wanted: str, where: FoundIn) -> TraceShown:
    trace = trace_id_in(wanted)
    tree = trace_tree(trace or spans[0].trace_id, spans, asked="" if trace else wanted)
    return TraceShown(found_in=where, tree=tree)
