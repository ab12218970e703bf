"""The courses beside and after an incident: its input reproduced in the copy, its changes kept after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from andon.config import DatabaseSettings
from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.incident import workflow_id
from andon.domain.staging import REPRODUCTION, ReproductionCall
from andon.register.engine import open_databases
from andon.register.migrate import migrate
from tests.workflows.case import PATIENCE, Parts, serving
from tests.workflows.following import OWNER, Course, change
from workflows import queues
from workflows.reproduction import ReproductionWorkflow

INCIDENT = "INC-20260302-4f7k2a"
CLOSED_BEFORE = timedelta(days=400)
"""Long enough that every look back is due at once: a real server skips no time."""

Save = Callable[[str, WorkflowHandle[Any, Any]], Awaitable[None]]


async def record_afterwards(environment: WorkflowEnvironment, folder: Path, save: Save) -> None:
    """Reproduce an incident, and follow up on it until its change is proven; save the histories."""
    await _reproduced(environment, save)
    await _followed_up(environment, folder, save)


async def _reproduced(environment: WorkflowEnvironment, save: Save) -> None:
    call = ReproductionCall(incident=INCIDENT, system="refund_desk", asked_by="p-engineer", id="first")
    async with serving(environment.client, Parts()):
        handle = await environment.client.start_workflow(
            ReproductionWorkflow.run,
            call,
            id=f"{workflow_id(INCIDENT)}/{REPRODUCTION}/{call.id}",
            task_queue=queues.RESPONSE,
            run_timeout=timedelta(seconds=PATIENCE),
        )
        await handle.result()
        await save("reproduced", handle)


async def _followed_up(environment: WorkflowEnvironment, folder: Path, save: Save) -> None:
    urls = {f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    settings = DatabaseSettings(**urls)
    migrate(settings)
    databases = open_databases(settings)
    try:
        course = Course(environment, databases, INCIDENT, closed_at=datetime.now(UTC) - CLOSED_BEFORE)
        course.close(change(days=1), change(2, days=-60))
        async with course.working():
            handle = await course.begun()
            await course.until(lambda: course.kinds().count("recurrence_measured") > 1)
            await save("following-up", handle)
            await course.say(Declared.CHANGE_PROVEN, OWNER, Role.OPERATIONS)
            await course.say(
                Declared.CHANGE_DROPPED, "p-incident_lead", Role.INCIDENT_LEAD, about={"change": "change-2"}
            )
            await course.until(lambda: course.kinds()[-1] == "follow_up_ended")
            await handle.result()
            await save("followed-up", handle)
    finally:
        databases.close()
