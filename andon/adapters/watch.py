"""The signals of an AI system: a URL read as JSON through the outgoing checks, or a source that counts."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import httpx

from andon.adapters.sources.found import source_of
from andon.adapters.sources.kinds import KINDS, SourceMeans
from andon.domain.errands import NOBODY, EvidenceQuery
from andon.domain.errors import InvalidInputError, LeverAwayError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import AISystem
from andon.domain.values import IncidentId, Slug
from andon.domain.watch import LookKept, WatchSignal
from andon.register.policies import Systems
from andon.register.spans import Spans
from andon.register.watches import Watches

RECORDER: Final = "recorder"
MOST_SPANS: Final = 5000
_REASONS: Final[dict[int, GapReason]] = {
    401: GapReason.DENIED,
    403: GapReason.DENIED,
    404: GapReason.EMPTY,
    410: GapReason.RETENTION,
}


class RegisteredSignals:
    """Reads the signals that the file in force states; what it says is a number or why there is none."""

    def __init__(self, systems: Systems, means: SourceMeans, spans: Spans) -> None:
        self._systems = systems
        self._means = means
        self._spans = spans

    async def stated(self, system: Slug) -> Sequence[WatchSignal]:
        """Return the signals of an AI system; one that is not registered has none."""
        registered = await asyncio.to_thread(self._systems.system, system)
        return registered.watch.signals if registered is not None else ()

    async def read(self, system: Slug, name: str) -> float:
        """Return what a signal says now."""
        registered = await asyncio.to_thread(self._systems.system, system)
        signal = registered.watch.signal(name) if registered is not None else None
        if registered is None or signal is None:
            raise SourceError(name, GapReason.NOT_CONFIGURED, "the AI system's file states it no more")
        if signal.is_url:
            return await self._asked(signal)
        if signal.source == RECORDER:
            return await asyncio.to_thread(self._spans_of, system, signal)
        return await self._counted(registered, signal)

    async def _asked(self, signal: WatchSignal) -> float:
        try:
            answer = await self._means.outgoing.call(signal.name, "GET", signal.source)
        except InvalidInputError as error:
            raise SourceError(signal.name, GapReason.NOT_CONFIGURED, str(error)) from error
        except LeverAwayError as error:
            raise SourceError(signal.name, GapReason.UNREACHABLE, "no answer") from error
        if answer.status != httpx.codes.OK:
            reason = _REASONS.get(answer.status, GapReason.REFUSED)
            raise SourceError(signal.name, reason, f"HTTP {answer.status}")
        try:
            found: Any = answer.object()
        except ValueError as error:
            raise SourceError(signal.name, GapReason.REFUSED, "not a JSON object") from error
        for step in signal.field.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            raise SourceError(signal.name, GapReason.REFUSED, "no number where field says")
        return float(found)

    def _spans_of(self, system: Slug, signal: WatchSignal) -> float:
        """Count the traces of the last minutes, or the spans of one name."""
        until = self._means.now()
        since = until - timedelta(minutes=signal.minutes)
        window = self._spans.window(system, since, until, MOST_SPANS)
        if signal.field:
            return float(sum(1 for span in window if span.name == signal.field))
        return float(len({span.trace_id for span in window}))

    async def _counted(self, system: AISystem, signal: WatchSignal) -> float:
        """Count what a source of evidence has for the last minutes; broken off, it is no count."""
        entry = system.evidence.source(signal.source)
        count = KINDS.load(entry.kind).count if entry is not None and entry.kind in KINDS.names() else None
        if entry is None or count is None:
            raise SourceError(signal.name, GapReason.NOT_CONFIGURED, f"{signal.source} can't count")
        until = self._means.now()
        query = EvidenceQuery(
            incident=NOBODY, system=system.id, since=until - timedelta(minutes=signal.minutes), until=until
        )
        total = 0
        # Its own window would count what lay before; a signal says how far back it counts.
        source = source_of(entry.model_copy(update={"look_back_minutes": None}), self._means)
        async for one in source.collect(query):
            if isinstance(one, Gap):
                if one.reason is not GapReason.EMPTY:
                    raise SourceError(signal.name, one.reason, one.detail)
            elif one.kind in entry.supplies:
                total += count(entry, json.loads(one.content))
        return float(total)


class RegisterWatches:
    """Runs the register's queries in threads."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches

    async def keep(self, incident: IncidentId, watch: int, looks: Sequence[LookKept]) -> None:
        """Put these in the place of the looks before them."""
        await asyncio.to_thread(self._watches.keep, incident, watch, looks)
