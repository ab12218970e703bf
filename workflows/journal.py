"""Where the loop stands: stages begun and ended, shown in the ledger, the search and Temporal's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from andon.domain.directory import Role
from andon.domain.incident import IncidentState, OpenIncident, next_deadline
from andon.domain.ledger import Kind
from andon.domain.stage import ROUND, Stage, StageRecord, left_behind
from workflows import search_attributes as search
from workflows.clock import Clock, Due
from workflows.notices import Notices
from workflows.tape import Tape

ONCE = "stages-once"


class Journal:
    """Keeps the stages of one incident."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        notices: Notices,
        clock: Clock,
        *,
        begun: Callable[[StageRecord], None],
    ) -> None:
        self._begun = begun
        self._before: tuple[StageRecord, ...] = ()
        self._caught_up = False
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        clock.serve(self._due)
        self._shown: list[SearchAttributeUpdate[Any]] = []
        tape.before_batch(self.show)

    @contextmanager
    def stage(self, stage: Stage, *, main: bool = True) -> Iterator[bool]:
        """Hold a stage open; `main` moves the incident to it, the others run side by side.

        False: the course has been through it before. Nothing is noted or given out a second time.
        """
        if self._left_behind(stage):
            yield False
            return
        self._begin(stage, main=main)
        yield True
        self._end(stage)

    def take_up(self) -> None:
        """Begin the course, for the first time or where a run, or a merge, left it."""
        self._before = tuple(self._state.stages)
        self._caught_up = False

    def enter(self, stage: Stage) -> None:
        """Move the incident to a stage without holding it open."""
        self._state.stage = stage

    def show(self) -> None:
        """Bring search attributes and Temporal's own page up to date.

        It happens with each batch of the ledger, so that all who look see the same, and one event is
        spent where a stage is passed through at once.
        """
        state = self._state
        due = next_deadline(state)
        current: list[SearchAttributeUpdate[Any]] = [
            search.SEVERITY.value_set(state.severity.value),
            search.STAGE.value_set(state.stage.value),
            search.CLASSIFICATION.value_set(state.classification.value),
            search.NEXT_DEADLINE.value_set(due) if due else search.NEXT_DEADLINE.value_unset(),
        ]
        if current != self._shown:
            workflow.upsert_search_attributes(current)
            self._shown = current
        workflow.set_current_details(self._details())

    def _left_behind(self, stage: Stage) -> bool:
        return left_behind(stage, self._before, caught_up=self._caught_up) and workflow.patched(ONCE)

    def _begin(self, stage: Stage, *, main: bool) -> None:
        if stage in ROUND:
            self._caught_up = True
        open_already = any(one.stage is stage and one.ended_at is None for one in self._state.stages)
        if not open_already:
            self._state.stages.append(self._record(stage))
            self._tape.add(Kind.STAGE_BEGUN, subject=stage.value)
            self._begun(self._state.stages[-1])
        if main:
            self.enter(stage)

    def _end(self, stage: Stage) -> None:
        for position, record in enumerate(self._state.stages):
            if record.stage is stage and record.ended_at is None:
                self._state.stages[position] = record.model_copy(update={"ended_at": workflow.now()})
                self._tape.add(Kind.STAGE_ENDED, subject=stage.value)

    def _record(self, stage: Stage) -> StageRecord:
        plan, now = self._opening.plan, workflow.now()
        right = plan.stages.get(stage)
        return StageRecord(
            stage=stage,
            began_at=now,
            owner=right.owner if right else None,
            due=plan.stage_due(stage, self._state.severity, now),
        )

    def _due(self) -> list[Due]:
        """List the stages that are still to be done, with what happens if they are not."""
        return [
            Due(record.due, record.stage.value, partial(self._overdue, position))
            for position, record in enumerate(self._state.stages)
            if record.due is not None and record.state == "running"
        ]

    def _overdue(self, position: int) -> None:
        record = self._state.stages[position]
        self._state.stages[position] = record.model_copy(update={"overdue": True})
        self._tape.add(
            Kind.STAGE_OVERDUE,
            subject=record.stage.value,
            at=record.due,
            facts={"owner": record.owner.value} if record.owner else {},
        )
        if record.owner is not None:
            self._notices.word("overdue", record.stage.value, (record.owner, Role.INCIDENT_LEAD))

    def _details(self) -> str:
        state = self._state
        proven = sum(1 for record in state.orders.values() if record.state == "proven")
        asked = ", ".join(question for question, record in state.decisions.items() if record.open)
        return "\n".join(
            (
                f"**{state.severity.value}** {state.classification.value} in `{self._opening.plan.system}`",
                f"- stage: {state.stage.value}",
                f"- orders proven: {proven} of {len(state.orders)}",
                f"- asked of people: {asked or 'nothing'}",
            )
        )
