"""A source in memory: three pieces, and a switch that takes them away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from andon.adapters.options import Option
from andon.adapters.sources.kinds import ANY, SourceKind, SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import SourceEntry
from andon.ports import Captured


@dataclass
class Memory:
    """What all its sources read."""

    pieces: list[bytes] = field(default_factory=lambda: [b"one", b"two", b"three"])
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    away: bool = False
    before: Callable[[int], None] = lambda _: None
    """Called before each piece is given."""
    asked: list[str] = field(default_factory=list)

    def kind(self) -> SourceKind:
        return SourceKind(
            name="memory",
            version="1",
            options={"secret": Option("a secret", needed=True)},
            supplies=ANY,
            build=lambda entry, means: MemorySource(entry, means, self),
        )


class MemorySource:
    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans, memory: Memory) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._kind = entry.supplies[0]
        self._memory = memory
        means.secret(entry, "secret")

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        async for one in self.collect_after(query, ""):
            yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        memory = self._memory
        memory.asked.append(cursor)
        if memory.away:
            raise SourceError(self.name, GapReason.UNREACHABLE, "away")
        if not query.since <= memory.at <= query.until:
            return
        for number in range(int(cursor or "0"), len(memory.pieces)):
            memory.before(number)
            yield Captured(
                kind=self._kind,
                content=memory.pieces[number],
                content_type="text/plain",
                name=f"{number:04d}",
                source_at=memory.at + timedelta(seconds=number),
                origin=f"piece {number}",
                cursor=str(number + 1),
            )
