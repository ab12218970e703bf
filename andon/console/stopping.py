"""Reading on what terms an incident's AI system is stopped, and what a held-back order would have stopped."""

from __future__ import annotations

import asyncio
from typing import Final

from andon.console.models.stopping import Stopping, stopping_shown
from andon.console.parts import Parts
from andon.domain.incident import IncidentView
from andon.domain.would_stop import SpanSeen, requests_stopped
from andon.register.incidents import IncidentRow

MOST_SPANS: Final = 5000
"""Spans looked through, the newest: the recorder keeps a bounded time, and a page must not wait."""


class Stops:
    """Answers what speaks for and against what is held."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def of(self, row: IncidentRow) -> Stopping | None:
        """Return the terms of one incident; None before its workflow has begun."""
        view, opening = row.view, row.opening
        if view is None or opening is None:
            return None
        system = await asyncio.to_thread(self._parts.systems.system, row.system)
        requests = await asyncio.to_thread(self._requests, view)
        fallback = system.fallback if system else None
        return stopping_shown(view, opening.plan, fallback, self._parts.now(), requests)

    def _requests(self, view: IncidentView) -> dict[str, int]:
        """Count the recorded requests that each foreseen lever would have stopped by now."""
        if view.enforced_by or not view.foreseen:
            return {}
        since = min(one.since for one in view.foreseen)
        until = view.closed_at or self._parts.now()
        rows = self._parts.spans.window(view.system, since, until, MOST_SPANS)
        spans = [SpanSeen(trace=one.trace_id, name=one.name, start=one.start) for one in rows]
        return {lever: len(traces) for lever, traces in requests_stopped(spans, view.foreseen).items()}
