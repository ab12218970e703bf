"""What there is to do: in one incident, and for one person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from andon.api.authentication import Caller, only
from andon.console.access import LISTING, READING
from andon.console.duties import Wanted, chosen
from andon.console.models.task import TaskList
from andon.console.routes.places import Incident, Reader, ToDo
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.task import TaskState

router = APIRouter(prefix="/v1", tags=["console"])


@router.get("/incidents/{incident}/tasks")
async def tasks(
    *,
    incident: Incident,
    caller: Annotated[Caller, Depends(only(READING))],
    reading: Reader,
    duties: ToDo,
    role: Role | None = None,
    state: TaskState | None = None,
    mine: bool = False,
) -> TaskList:
    """List the tasks of an incident, open ones first, what is due first at the top."""
    found = await duties.of(await reading.row(incident), caller)
    return TaskList(tasks=chosen(found, Wanted(role=role, state=state, mine=mine)))


@router.get("/me/tasks")
async def my_tasks(caller: Annotated[Caller, Depends(only(LISTING, Scope.READ))], duties: ToDo) -> TaskList:
    """List the open tasks of all open incidents that belong to your roles, or to those you stand in for."""
    return TaskList(tasks=await duties.waiting(caller))
