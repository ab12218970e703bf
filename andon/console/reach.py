"""Counting an incident's reach over the flight recorder, and judging the evidence that hypotheses name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from andon.api.problems import ProblemError
from andon.console.affected import Affected, tally_in
from andon.console.models.declaration import DeclarationBody
from andon.console.models.reach import ReachShown, hypotheses_shown
from andon.console.parts import Parts
from andon.domain.affected import NamedRecord
from andon.domain.declaration import Declared
from andon.domain.impact import Impact
from andon.domain.incident_times import standing_times
from andon.domain.reach import Reached, Start, Window, first_bad, reached
from andon.domain.reach_requests import VERSIONS
from andon.domain.system import Counting
from andon.domain.times import Moment
from andon.domain.trace import Span
from andon.register.incidents import IncidentRow
from andon.register.spans import SpanRow

SPANS_AT_MOST: Final = 20_000
OTHERS_AT_MOST: Final = 50
SPANS_OF_OTHERS: Final = 200
SEARCHED: Final = timedelta(days=7)
"""How far before the detection the first bad version is looked for."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What the flight recorder holds of an AI system in a window."""

    spans: list[Span]
    begins: datetime | None
    cut: bool


class Reaching:
    """Answers how far incidents reach."""

    def __init__(self, parts: Parts, affected: Affected) -> None:
        self._parts = parts
        self._affected = affected

    async def of(self, row: IncidentRow, since: datetime | None = None) -> ReachShown:
        """Return what is known of an incident's reach.

        Args:
            row: the incident.
            since: from when on to count, instead of the first bad version.
        """
        found = await asyncio.to_thread(self._counted, row, since)
        impact = row.view.impact if row.view else Impact()
        return ReachShown(
            incident=row.incident,
            blast_radius=row.view.findings.get("blast_radius") if row.view else None,
            found=found.model_copy(update={"records": ()}),
            stated=impact.counted,
            hypotheses=hypotheses_shown(impact, found),
            affected=impact.affected,
            said=impact.affected.reconciled(),
            not_listed=await self._not_listed(row, found),
        )

    async def in_evidence(self, row: IncidentRow) -> tuple[NamedRecord, ...]:
        """Return the records that tool calls name, as far as the system's file says where to look."""
        return (await asyncio.to_thread(self._counted, row, None)).records

    async def check(self, row: IncidentRow, body: DeclarationBody) -> None:
        """Refuse a hypothesis that rests on evidence which is not there.

        Raises:
            ProblemError: 422.
        """
        if body.kind is not Declared.HYPOTHESIS:
            return
        items = await asyncio.to_thread(self._parts.evidence.items, row.incident)
        if body.about.get("evidence") not in {one.id for one in items}:
            raise ProblemError(
                422, "no-such-evidence", "A hypothesis closes with the id of an item: `andon evidence list`."
            )

    async def _not_listed(self, row: IncidentRow, found: Reached) -> int:
        if not found.records or not tally_in(row).all:
            return len(found.records)
        try:
            listed = {one.key for one in await self._affected.records(row)}
        except ProblemError:  # erased: what was on the list can't be told any more
            return 0
        return sum(1 for one in found.records if one.key not in listed)

    def _counted(self, row: IncidentRow, since: datetime | None) -> Reached:
        system = self._parts.systems.system(row.system)
        counting = system.evidence.counting if system else Counting(user="", segment="")
        named = row.opening.trace_ids if row.opening else ()
        until = self._until(row)
        record = self._record(row.system, self._searched(row, since), until)
        begins, start = _start(row, since, first_bad(record.spans, named))
        window = Window(
            since=min(begins, until),
            until=until,
            start=start,
            record_from=record.begins,
            cut=record.cut,
            read_from=record.spans[0].start if record.spans else None,
        )
        others = self._others(row.system, window) if record.spans else {}
        return reached(record.spans, named, window, counting, others=others)

    def _record(self, system: str, since: datetime, until: datetime) -> _Record:
        rows = self._parts.spans.window(system, since, until, limit=SPANS_AT_MOST)
        return _Record(
            spans=[_span(row) for row in rows],
            begins=self._parts.spans.oldest(system),
            cut=len(rows) == SPANS_AT_MOST,
        )

    def _others(self, system: str, window: Window) -> dict[str, list[str]]:
        """Return what versions other AI systems ran, by what their latest spans say."""
        others = [one.id for one in self._parts.systems.systems() if one.id != system][:OTHERS_AT_MOST]
        return {
            name: _versions(self._parts.spans.window(name, window.since, window.until, limit=SPANS_OF_OTHERS))
            for name in others
        }

    def _until(self, row: IncidentRow) -> datetime:
        contained = row.view.contained_at if row.view else None
        return contained or row.closed_at or self._parts.now()

    def _searched(self, row: IncidentRow, since: datetime | None) -> datetime:
        detected = row.opening.detected_at if row.opening else row.opened_at
        earliest = detected - max(SEARCHED, row.opening.plan.lookback if row.opening else SEARCHED)
        return min(earliest, since) if since else earliest


def _start(row: IncidentRow, stated: datetime | None, bad: datetime | None) -> tuple[datetime, Start]:
    """Return from when on to count: as asked, else the first bad version, else when it happened."""
    if stated is not None:
        return stated, Start.STATED
    if bad is not None:
        return bad, Start.FIRST_BAD_VERSION
    opening = row.opening
    if opening is None:
        return row.opened_at, Start.DETECTED
    occurred = standing_times(opening, row.view.corrections if row.view else ())[1].of(Moment.OCCURRED)
    return (
        (occurred, Start.STATED)
        if occurred
        else (opening.detected_at - opening.plan.lookback, Start.DETECTED)
    )


def _span(row: SpanRow) -> Span:
    return Span(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent=row.parent,
        service=row.service,
        name=row.name,
        start=row.start,
        end=row.end,
        attributes=json.loads(row.attributes),
    )


def _versions(rows: Sequence[SpanRow]) -> list[str]:
    found = (json.loads(row.attributes) for row in rows)
    return sorted({str(one[name]) for one in found for name in VERSIONS if name in one})
