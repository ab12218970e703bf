"""Proof by the flight recorder: no span of what was stopped since it was, though there was traffic."""

from __future__ import annotations

import asyncio
from datetime import datetime

from andon.domain.containment import Order
from andon.domain.proof import Part, cached_for, of_spans, span_of
from andon.register.spans import Spans


class SpansLook:
    """Counts spans; whether their absence says anything is the domain's to judge."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    async def look(self, order: Order, *, since: datetime, sent: int) -> Part:
        """Count uses since the stop took effect, and the requests that would have used it."""
        lever = order.lever
        effective = since + cached_for(lever.options)
        used, in_flight = await asyncio.to_thread(
            self._spans.passing, lever.system, span_of(lever.options, lever.target), effective
        )
        seen, _ = await asyncio.to_thread(
            self._spans.passing, lever.system, lever.options["request_span"], effective
        )
        # A synthetic request may show up among those seen: the larger of the two counts none twice.
        return of_spans(used=used, in_flight=in_flight, requests=max(seen, sent))
