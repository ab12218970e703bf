"""Reading tasks out of the register: those of one incident, and those that wait for one person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from andon.api.authentication import Caller
from andon.console.models.task import TaskShown, acting_for, task_shown
from andon.console.parts import Parts
from andon.console.reading import OPEN_AT_MOST
from andon.console.responding import policy_of
from andon.console.wording import Wordings
from andon.domain.containment import Lever
from andon.domain.directory import Role, Standing
from andon.domain.errors import NotFoundError
from andon.domain.task import TaskState
from andon.register.incidents import IncidentRow, Listed

LATEST: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks a list holds."""

    role: Role | None = None
    state: TaskState | None = None
    mine: bool = False

    def holds(self, task: TaskShown) -> bool:
        """Whether a task is one of them."""
        return (
            self.role in (None, task.role)
            and self.state in (None, task.state)
            and (task.mine or not self.mine)
        )


class Duties:
    """Answers what there is to do."""

    def __init__(self, parts: Parts, wordings: Wordings) -> None:
        self._parts = parts
        self._wordings = wordings

    async def of(self, row: IncidentRow, caller: Caller) -> tuple[TaskShown, ...]:
        """Return the tasks of an incident: open ones first, what is due first at the top."""
        return self._shown(row, caller, await self._standing(caller))

    async def one(self, row: IncidentRow, caller: Caller, task: str) -> TaskShown:
        """Return one task.

        Raises:
            NotFoundError: the incident has no such task.
        """
        found = next((one for one in await self.of(row, caller) if one.id == task), None)
        if found is None:
            raise NotFoundError("task", task)
        return found

    async def waiting(self, caller: Caller) -> tuple[TaskShown, ...]:
        """Return the open tasks of all open incidents that belong to the caller's roles."""
        rows = await asyncio.to_thread(self._parts.incidents.list, state=Listed.OPEN, limit=OPEN_AT_MOST)
        standing = await self._standing(caller)
        wanted = Wanted(state=TaskState.OPEN, mine=True)
        found = [task for row in rows for task in self._shown(row, caller, standing) if wanted.holds(task)]
        return tuple(sorted(found, key=_urgency))

    async def leaderless(self, row: IncidentRow) -> bool:
        """Whether nobody leads an open incident: whoever did is suspended, or has left the directory."""
        view, at = row.view, self._parts.now()
        if view is None or row.closed_at is not None:
            return False
        if view.lead is None:
            return True
        directory = await asyncio.to_thread(self._parts.people.directory_at, at)
        return not directory.can_lead(view.lead, at)

    async def speaks_as(self, caller: Caller, role: Role) -> bool:
        """Whether the caller's token speaks for a role, or a role that is lent to them."""
        standing = await self._standing(caller)
        return caller.role is role or (role not in standing.roles and standing.speaks_as(role))

    async def _standing(self, caller: Caller) -> Standing:
        return await self._parts.directory.standing(caller.person, self._parts.now())

    def _shown(self, row: IncidentRow, caller: Caller, standing: Standing) -> tuple[TaskShown, ...]:
        view = row.view
        if view is None:
            return ()
        leads = view.lead == caller.person
        steps = {one.order.id: one.order.lever for one in view.orders}
        shown = [
            task_shown(
                task,
                self._wordings.task(policy_of(row), task.code),
                row.incident,
                self._parts.url,
                mine=standing.speaks_as(task.role),
                acting=None if row.closed_at else acting_for(task, caller.role, standing, leads=leads),
                step=_step(steps.get(task.order)),
            )
            for task in view.tasks
        ]
        return tuple(sorted(shown, key=_urgency))


def chosen(tasks: Sequence[TaskShown], wanted: Wanted) -> tuple[TaskShown, ...]:
    """Return the tasks that a list holds."""
    return tuple(one for one in tasks if wanted.holds(one))


def _step(lever: Lever | None) -> str:
    return f"{lever.verb} {lever.target}".strip() if lever is not None else ""


def _urgency(task: TaskShown) -> tuple[bool, float, str]:
    due = task.due.timestamp() if task.due else LATEST
    return task.state is not TaskState.OPEN, due, task.id
