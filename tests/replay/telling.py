"""The courses of notices: one that arrives, one that reaches nobody at first, several that leave together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle

from andon.domain.directory import Role
from andon.domain.notice import Code, Notice, Target
from tests.fakes import MemoryPeople, everybody
from tests.workflows.case import PATIENCE, Parts, serving
from workers.outbox import TemporalOutbox, notice_workflow
from workflows.notice import PAUSES

INCIDENT: Final = "INC-20260302-4f7k2b"

Save = Callable[[str, WorkflowHandle[Any, Any]], Awaitable[None]]


@dataclass
class Deaf(MemoryPeople):
    """People none of whom can be reached for what it is about."""

    to: set[str] = field(default_factory=set)

    async def tell(self, notice: Notice, target: Target) -> Code:
        return Code.FAILED if notice.about in self.to else await super().tell(notice, target)


def notice(about: str) -> Notice:
    return Notice(
        id=f"{INCIDENT}/{about}/triage-1",
        incident=INCIDENT,
        roles=(Role.LEGAL,),
        about=about,
        subject="triage-1",
    )


async def record_telling(client: Client, save: Save) -> None:
    """Post notices, and save what becomes of them; where one reaches nobody, between two rounds."""
    parts = Parts()
    parts.notifier = Deaf(everybody(), to={"unproven"})
    told, lost = notice("guidance"), notice("unproven")
    async with serving(client, parts), asyncio.timeout(2 * PATIENCE):
        first = await _posted(client, told)
        await first.result()
        await save("notice-told", first)
        for name, notices in (("notice-undelivered", [lost]), ("notices-together", [told, lost])):
            handle = await _posted(client, *notices)
            while not await _waits(handle):
                await asyncio.sleep(0.1)
            await save(name, handle)
            await handle.terminate("recorded")


async def _posted(client: Client, *notices: Notice) -> WorkflowHandle[Any, Any]:
    await TemporalOutbox(client).post(notices)
    return client.get_workflow_handle(notice_workflow(notices))


async def _waits(handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether the pause after the first round has begun."""
    timers = [one.timer_started_event_attributes for one in (await handle.fetch_history()).events]
    return any(one.start_to_fire_timeout.ToTimedelta() == PAUSES[0] for one in timers)
