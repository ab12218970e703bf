"""A source that breaks off in the middle of a real snapshot: the next attempt goes on; the seal holds all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from temporalio.testing import WorkflowEnvironment

from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import Gap
from andon.ports import Captured
from tests.workflows.case import Parts, opened

PIECES = 30
LARGE = bytes(70_000)
"""Small ones would be stored many together."""


@dataclass
class Breaking:
    """Ends once in the middle with a fault that may pass."""

    name: str = "crm"
    version: str = "1"
    supplies: frozenset[str] = frozenset({"system_log"})
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        async for one in self.collect_after(query, ""):
            yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        self.asked.append(cursor)
        for number in range(int(cursor or "0"), PIECES):
            if number == 20 and not self.broken:
                self.broken = True
                raise ConnectionError("gone for a moment")
            yield Captured(
                kind="system_log",
                content=LARGE + bytes([number]),
                content_type="application/octet-stream",
                name=f"{number:04d}",
                cursor=str(number + 1),
            )


async def test_the_next_attempt_goes_on_behind_what_is_at_rest(environment: WorkflowEnvironment) -> None:
    source = Breaking()
    parts = Parts(sources={"crm": source})
    async with opened(environment, parts) as case:
        state = await case.until(lambda state: state.seals)
    assert state.seals[0].items == PIECES
    first, second = source.asked
    assert first == ""
    assert 0 < int(second) <= 20
    assert [one.id for one in parts.evidence.manifests[1].items] == [
        f"system_log/crm/{number:04d}" for number in range(PIECES)
    ]
