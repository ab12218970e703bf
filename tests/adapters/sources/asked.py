"""What a source is asked in these tests, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from andon.adapters.sources.bounded import RECORD
from andon.adapters.sources.found import source_of
from andon.adapters.sources.kinds import SourceMeans
from andon.config import SourceSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow, Gap
from andon.domain.system import SourceEntry
from andon.ports import Captured, EvidenceSource
from playbooks import load

INCIDENT = "INC-20261121-abc123"
TRACE = "1" * 32
ROWS: tuple[EvidenceRow, ...] = load().evidence.rows


def query(*trace_ids: str, ago: timedelta = timedelta(0)) -> EvidenceQuery:
    """An hour around now, or around some time ago."""
    now = datetime.now(UTC) - ago
    hour = timedelta(hours=1)
    return EvidenceQuery(
        incident=INCIDENT, system="refund_desk", since=now - hour, until=now + hour, trace_ids=trace_ids
    )


def means(settings: SourceSettings | None = None) -> SourceMeans:
    return SourceMeans(settings or SourceSettings(timeout=timedelta(seconds=5)), ROWS)


def entry(kind: str, *supplies: str, options: dict[str, str], **more: int) -> SourceEntry:
    return SourceEntry(id="one", kind=kind, supplies=supplies, options=options, **more)


@dataclass
class Came:
    """What a source gave."""

    items: list[Captured]
    records: list[Captured]
    gaps: list[Gap]

    @property
    def reasons(self) -> dict[str, str]:
        return {gap.row: gap.reason.value for gap in self.gaps}


async def came(source: EvidenceSource, asked: EvidenceQuery) -> Came:
    found = [one async for one in source.collect(asked)]
    captured = [one for one in found if isinstance(one, Captured)]
    return Came(
        items=[one for one in captured if one.kind != RECORD],
        records=[one for one in captured if one.kind == RECORD],
        gaps=[one for one in found if isinstance(one, Gap)],
    )


async def came_of(described: SourceEntry, using: SourceMeans, asked: EvidenceQuery | None = None) -> Came:
    """Collect from what an entry describes, as the activity would."""
    return await came(source_of(described, using), asked or query())
