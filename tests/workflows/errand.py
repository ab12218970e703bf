"""Notices under way in a real workflow, and what came of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.people import PeopleActivities
from andon.domain.directory import Role
from andon.domain.notice import Notice
from andon.domain.severity import Band
from tests.adapters.office import Office
from tests.workflows.case import PATIENCE
from workers.build import build_id
from workers.outbox import TemporalOutbox, notice_workflow
from workers.sandbox import sandbox_runner
from workflows import queues
from workflows.notice import NoticeWorkflow


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Errand:
    """Notices under way, the first of them by name, and the people they may reach."""

    notice: Notice
    handle: WorkflowHandle[object, int]
    office: Office
    environment: WorkflowEnvironment

    async def ended(self) -> int:
        return await asyncio.wait_for(self.handle.result(), PATIENCE)

    async def skip(self, **time: float) -> None:
        await asyncio.wait_for(self.environment.fast_forward(self.handle, timedelta(**time)), PATIENCE)

    def kept(self) -> list[tuple[str, str, str]]:
        return self.office.kept(self.notice.incident)

    async def until_kept(self, code: str) -> None:
        """Wait a bounded time until the register holds an entry with a code."""
        async with asyncio.timeout(PATIENCE):
            while code not in {kept for *_, kept in self.kept()}:
                await asyncio.sleep(0.02)


def notice(*roles: Role, about: str = "question", incident: str = "", **fields: object) -> Notice:
    incident = incident or f"INC-20260302-{secrets.token_hex(3)}"
    whole = {
        "id": f"{incident}/triage-1/{about}",
        "incident": incident,
        "roles": roles or (Role.LEGAL,),
        "about": about,
        "subject": "triage-1",
        "severity": Band.HIGH,
    }
    return Notice(**{**whole, **fields})


@asynccontextmanager
async def posted(
    environment: WorkflowEnvironment, office: Office, *notices: Notice, served: bool = False
) -> AsyncIterator[Errand]:
    """Post notices, one if none is given, and serve them until the block ends; what happened must replay.

    `served`: somebody serves the queue of notices already, with this office's notifier.
    """
    notices = notices or (notice(),)
    queue = f"notices-{secrets.token_hex(4)}"
    people = PeopleActivities(office.notifier)
    workflows = Worker(
        environment.client,
        task_queue=queue,
        workflows=[NoticeWorkflow],
        workflow_runner=sandbox_runner(),
        build_id=build_id(),
    )

    def activities() -> Worker:
        return Worker(
            environment.client,
            task_queue=queues.NOTICES,
            activities=[people.begin, people.begin_together, people.tell, people.conclude],
            build_id=build_id(),
        )

    async with workflows, nullcontext() if served else activities():
        with environment.with_time_skipping_disabled():
            for _ in range(2):
                await TemporalOutbox(environment.client, queue).post(notices)
        handle = environment.client.get_workflow_handle_for(NoticeWorkflow.run, notice_workflow(notices))
        yield Errand(notices[0], handle, office, environment)
        history = await handle.fetch_history()
    replayer = Replayer(
        workflows=[NoticeWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox_runner(),
        build_id=build_id(),
    )
    await replayer.replay_workflow(history)
