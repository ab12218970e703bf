"""Evidence that a change may destroy: taken from the start, or the miss is on record (EVD-01)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from temporalio.testing import WorkflowEnvironment

from andon.domain.errands import EvidenceQuery
from andon.domain.ledger import Kind
from andon.ports import Captured
from tests import fakes
from tests.workflows.case import Parts, opened

PROMPT = Captured(kind="prompt_version", content=b"v7", content_type="text/plain", name="now")
TOOLS = Captured(kind="tool_definition", content=b"pay", content_type="text/plain", name="now")


class Held(fakes.ListSource):
    """Gives the first thing at once, and the rest when it is let."""

    def __init__(self, *found: Captured) -> None:
        super().__init__("recorder", found=list(found))
        self.let = asyncio.Event()

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Any]:
        for number, one in enumerate(self.found):
            if number:
                await asyncio.wait_for(self.let.wait(), timeout=20)
            yield one


async def test_what_was_first_taken_after_a_lever_was_moved_is_named_in_the_ledger(
    environment: WorkflowEnvironment,
) -> None:
    source = Held(PROMPT, TOOLS)
    async with opened(environment, Parts(sources={"recorder": source})) as case:
        await case.entries(Kind.ORDER_APPLIED)
        source.let.set()
        sealed = (await case.entries(Kind.EVIDENCE_SEALED))[0]
        applied = (await case.entries(Kind.ORDER_APPLIED))[0]
        items = {one.kind: one.captured_at for one in case.parts.evidence.manifests[1].items}
    late = sorted(kind for kind, at in items.items() if at >= applied.at)
    assert "tool_definition" in late
    assert sealed.facts["after_first_change"] == ",".join(late)


async def test_containment_does_not_wait_for_evidence_nor_evidence_for_containment(
    environment: WorkflowEnvironment,
) -> None:
    source = Held(PROMPT, TOOLS)
    levers = fakes.MemoryLevers(outages=1000)
    async with opened(environment, Parts(levers_fake=levers, sources={"recorder": source})) as case:
        source.let.set()
        sealed = (await case.entries(Kind.EVIDENCE_SEALED))[0]
        assert "after_first_change" not in sealed.facts
        assert levers.stopped() == set()
        levers.outages = 0
        await case.entries(Kind.ORDER_APPLIED)
