"""What each function has to do: given with its stage, reminded of, closed on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow

from andon.domain.business_time import due_at, reminder_at
from andon.domain.declaration import Declaration
from andon.domain.directory import Role
from andon.domain.escalation import LOOK_BACK_WINDOW, looks_back
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.response import Refusal
from andon.domain.stage import Stage, StageRecord
from andon.domain.task import LookBack, Task, TaskRule, TaskState, current, wanted
from andon.domain.times import moment
from andon.domain.watch import SAMPLE
from workflows.clock import Clock, Due
from workflows.notices import Notices
from workflows.tape import Tape

RECORDS = "affected_records"
"""What the closing waits for while a record on the list is neither corrected nor beyond it."""
LONGEST_COUNT = 12


class Tasks:
    """Keeps the tasks of one incident."""

    def __init__(
        self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices, clock: Clock
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        clock.serve(self._due)

    def begin(self, stage: StageRecord) -> None:
        """Give the tasks of a stage that has begun; those that stand open already are not given again."""
        rules = wanted(self._opening.plan.tasks, self._state.severity, stage=stage.stage)
        self._give(rules, stage.stage.value, stage.due)

    def raised(self) -> None:
        """Give what a higher severity adds to the stages that run."""
        for stage in self._state.stages:
            if stage.ended_at is None:
                self.begin(stage)

    def follow_up(self, codes: Iterable[str], because: str) -> None:
        """Give what answers to the escalation questions call for, and tell those it falls to."""
        rules = wanted(self._opening.plan.tasks, self._state.severity, follows=codes)
        for task in self._give(rules, because, None):
            if task.closes_with is None:
                self._notices.word("task", task.id, (task.role,))

    def look_back(self) -> None:
        """Have earlier outputs gone through, once, where data would have been exposed."""
        opening, state = self._opening, self._state
        if any(task.look_back is not None for task in state.tasks.values()):
            return
        if looks_back(state.classification, opening.type, opening.categories, state.facts):
            self.follow_up((LOOK_BACK_WINDOW,), LOOK_BACK_WINDOW)

    async def followed_up(self) -> None:
        """Wait until no follow-up and no affected record is open; an incident does not close over one."""
        if not (left := self._left()):
            return
        if not self._state.closing_waits:
            self._state.closing_waits = True
            self._tape.add(Kind.CLOSING_WAITS, after=",".join(left))
            roles = dict.fromkeys((*left.values(), Role.INCIDENT_LEAD))
            self._notices.word("closing_waits", self._opening.incident, tuple(roles))
        await workflow.wait_condition(lambda: not self._left())

    def refuse(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against closing a task; it takes its role, or whoever leads."""
        task = self._state.tasks.get(declaration.about["task"])
        if task is None:
            return Refusal.ABOUT
        if not self._now(task).open:
            return Refusal.ALREADY_SO
        if task.look_back is not None and TaskState(declaration.about["state"]) is TaskState.DONE:
            return Refusal.FINDINGS
        return self._not_theirs(task, declaration)

    def refuse_found(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against what was found by looking back: it can't be, or reaches not far enough."""
        task = self._state.tasks.get(declaration.about["task"])
        since, found = moment(declaration.about["since"]), declaration.about["found"]
        counts = found.isascii() and found.isdigit() and len(found) <= LONGEST_COUNT
        if task is None or task.look_back is None or since is None or not counts:
            return Refusal.ABOUT
        if not task.open:
            return Refusal.ALREADY_SO
        if since > task.look_back.since:
            return Refusal.FINDINGS
        return self._not_theirs(task, declaration)

    async def take_found(self, declaration: Declaration) -> None:
        """Close a look back with what was found."""
        task = self._state.tasks[declaration.about["task"]]
        assert task.look_back is not None  # noqa: S101 - refused before
        found = {"looked_since": moment(declaration.about["since"]), "found": int(declaration.about["found"])}
        self._closed(task, TaskState.DONE, declaration, look_back=task.look_back.model_copy(update=found))
        bad = task.sampled and found["found"] and self._state.stage is Stage.MONITOR
        if bad and self._state.relapse is None:
            self._state.relapse = SAMPLE

    async def close(self, declaration: Declaration) -> None:
        """Close a task as done, or as one that can't be."""
        task = self._state.tasks[declaration.about["task"]]
        self._closed(task, TaskState(declaration.about["state"]), declaration)

    def _closed(self, task: Task, state: TaskState, declaration: Declaration, **more: object) -> None:
        closing = {
            "state": state,
            "closed_by": declaration.person,
            "closed_at": declaration.received_at,
            "reason": declaration.reason,
        }
        self._state.tasks[task.id] = task.model_copy(update={**closing, **more})

    def _not_theirs(self, task: Task, declaration: Declaration) -> Refusal | None:
        leads = declaration.role is Role.INCIDENT_LEAD or declaration.person == self._state.lead
        return None if leads or declaration.role is task.role else Refusal.WRONG_ROLE

    def _give(self, rules: dict[str, TaskRule], because: str, due: datetime | None) -> list[Task]:
        standing = {task.code for task in self._state.tasks.values() if self._now(task).open}
        fresh = [self._task(code, rule, due) for code, rule in rules.items() if code not in standing]
        self._state.tasks.update({task.id: task for task in fresh})
        if fresh:
            self._tape.add(Kind.TASKS_GIVEN, subject=because, after=",".join(task.id for task in fresh))
        return fresh

    def _task(self, code: str, rule: TaskRule, due: datetime | None) -> Task:
        plan, band, now = self._opening.plan, self._state.severity, workflow.now()
        number = 1 + sum(1 for task in self._state.tasks.values() if task.code == code)
        term = rule.within.get(band)
        return Task(
            id=f"{code}-{number}",
            code=code,
            role=rule.role,
            stage=rule.stage,
            given_at=now,
            due=due_at(term, now, plan.calendar) if term is not None else due,
            follow_up=bool(rule.follows),
            closes_with=rule.closes_with,
            look_back=self._looks_back(rule, now),
            sampled=rule.sampled,
        )

    def _looks_back(self, rule: TaskRule, now: datetime) -> LookBack | None:
        """Return what a task goes through: outputs since the restart, or earlier ones, as its rule says."""
        if rule.sampled:
            return LookBack(since=now)
        if rule.look_back_days:
            return LookBack(since=self._began() - timedelta(days=rule.look_back_days))
        return None

    def _began(self) -> datetime:
        opening = self._opening
        return min(opening.occurred_at or opening.detected_at, opening.detected_at)

    def _due(self) -> list[Due]:
        if self._state.closed_at is not None or self._state.merge is not None:
            return []
        found: list[Due] = []
        for task in self._state.tasks.values():
            if not task.clocked or task.due is None:
                continue
            remind = reminder_at(task.given_at, task.due)
            if remind is not None and not task.reminded and not task.overdue:
                found.append(Due(remind, task.id, partial(self._remind, task.id)))
            if not task.overdue:
                found.append(Due(task.due, task.id, partial(self._overdue, task.id)))
        return found

    def _remind(self, name: str) -> None:
        task = self._state.tasks[name]
        self._state.tasks[name] = task.model_copy(update={"reminded": True})
        self._tape.add(Kind.REMINDED, subject=name)
        self._notices.word("task_reminder", name, (task.role,))

    def _overdue(self, name: str) -> None:
        task = self._state.tasks[name]
        self._state.tasks[name] = task.model_copy(update={"overdue": True})
        self._tape.add(Kind.TASK_OVERDUE, subject=name, at=task.due, facts={"role": task.role.value})
        self._notices.word("task_overdue", name, (task.role, Role.INCIDENT_LEAD))

    def _left(self) -> dict[str, Role]:
        """Return what is to be done before it can close, and by whom."""
        tasks = [task for task in self._state.tasks.values() if task.follow_up and self._now(task).open]
        left = {task.id: task.role for task in tasks}
        return left | ({RECORDS: Role.OPERATIONS} if self._state.impact.affected.open else {})

    def _now(self, task: Task) -> Task:
        return current(task, self._state.decisions.values())
