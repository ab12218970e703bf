"""The watch as an incident keeps it: begun after a restart, heard, and missed when it falls silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from andon.domain.directory import Role
from andon.domain.errands import WatchOrder
from andon.domain.incident import IncidentState, OpenIncident, workflow_id
from andon.domain.ledger import Kind
from andon.domain.values import NOTHING_YET
from workflows.clock import Clock
from workflows.notices import Notices
from workflows.tape import Tape
from workflows.watch import WatchWorkflow

LONGEST_WATCH = timedelta(hours=72)
GRACE = timedelta(minutes=5)
"""How long a watch may take to report once its time is up."""
CALLED_ON = (Role.INCIDENT_LEAD, Role.OPERATIONS)


class Watching:
    """The watches of one incident. Each has a number: what an earlier one reports is past."""

    def __init__(
        self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices, clock: Clock
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self._clock = clock

    async def begin(self) -> None:
        """Watch for a whole window from now on."""
        plan, state = self._opening.plan, self._state
        state.watches += 1
        state.watch_until = workflow.now() + plan.watch.window.get(state.severity, LONGEST_WATCH)
        self._tape.add(Kind.WATCH_BEGUN, facts={"until": state.watch_until.isoformat()})
        await workflow.start_child_workflow(
            WatchWorkflow.run,
            WatchOrder(
                parent=workflow_id(self._opening.incident),
                incident=self._opening.incident,
                number=state.watches,
                system=plan.system,
                versions=state.approved_versions or NOTHING_YET,
                until=state.watch_until,
                every=plan.watch.every,
            ),
            id=f"{workflow_id(self._opening.incident)}/watch/{state.watches}",
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            static_summary=f"watch {state.watches} after restart, {self._opening.incident}",
        )

    async def relapse(self, unless: Callable[[], bool] = lambda: False) -> str | None:
        """Wait for the watch's end and return what the relapse was; None: all was quiet, or `unless`.

        Whoever can reach Temporal can terminate a watch. Silence is no quiet, so a watch that does not
        report is on record, people are told, and the whole window is watched anew.
        """
        while not await self._heard(unless) or self._sample_is_open(unless):
            if self.over():
                self._state.reported.remove("watch")
            else:
                self._tape.add(Kind.WATCH_SILENT, subject=str(self._state.watches))
                self._notices.word("watch_silent", str(self._state.watches), CALLED_ON)
            await self.begin()
        if self._state.relapse is None and self.over():
            self._state.reported.remove("watch")
            self._tape.add(Kind.WATCH_ENDED, facts=self._ended())
        return self._state.relapse

    def _sample_is_open(self, unless: Callable[[], bool]) -> bool:
        """Whether its time is up and nobody has said what the sample was like: then it is watched on."""
        quiet = self.over() and self._state.relapse is None and not unless()
        return quiet and any(task.sampled and task.open for task in self._state.tasks.values())

    def _ended(self) -> dict[str, str | int | bool]:
        """Say how it ended; of signals that nobody could read it can't say that they were quiet."""
        unread = self._state.watch_unread
        return {"saw": "quiet", "unread": unread} if unread else {"saw": "quiet"}

    def over(self) -> bool:
        """Whether the watch has said that its time is up."""
        return "watch" in self._state.reported

    async def _heard(self, unless: Callable[[], bool]) -> bool:
        state = self._state
        until = state.watch_until or workflow.now()
        return await self._clock.wait(
            lambda: state.relapse is not None or self.over() or unless(),
            until + GRACE - workflow.now(),
            "the watch's report",
        )
