"""An incident's own failing input, read back from its evidence."""

from __future__ import annotations

import asyncio

from andon.adapters.evaluators.case import case_line
from andon.adapters.evaluators.logs import EvaluationPlaces
from andon.adapters.store.packs import open_item
from andon.domain.trace_names import TRACE_KIND
from andon.domain.values import IncidentId


async def own_case(places: EvaluationPlaces, incident: IncidentId) -> str | None:
    """Return the incident's case as one line of JSON; None: no evidence holds its input."""
    row = await asyncio.to_thread(places.incidents.get, incident)
    opening = row.opening if row else None
    items = await asyncio.to_thread(places.evidence.items, incident, TRACE_KIND)
    by_trace = {item.id.rsplit("/", 1)[-1]: item for item in items}
    for trace_id in opening.trace_ids if opening else ():
        if trace_id in by_trace:
            trace = await open_item(places.store, places.vault, incident, by_trace[trace_id])
            line = case_line(incident, trace)
            if line is not None:
                return line
    return None
