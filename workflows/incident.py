"""One incident, from the first detection to the closed file.

The loop is in `_respond` and `_go_back_into_service`. What it does to levers, evidence, people
and the ledger is in the modules beside this one; every rule is in `andon.domain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError

from activities.evaluation import FileCall, RecordActivities
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.declaration import DeclarationTaken
from andon.domain.directory import Role
from andon.domain.incident import (
    Answered,
    Arrival,
    Ending,
    IncidentState,
    OpenIncident,
    Received,
    state_of,
)
from andon.domain.ledger import Kind
from andon.domain.proposal import Proposed
from andon.domain.signing import Envelope
from andon.domain.stage import Stage
from workflows.kit import Kit
from workflows.opening import write_opening
from workflows.tracks import Tracks
from workflows.word import refuse_other_than

Answer = TypeVar("Answer")

KEEPERS = 3
"""The first tracks keep ledger, time and promises; they go on while others are called off."""
CARRY_OVER_AT = 4_000
"""Events of one run; the server's limit is 51,200, and replay of a long run is slow."""
FILE_TIMEOUT = timedelta(seconds=30)
FILE_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
STAND_DOWN = {"false_positive": Ending.FALSE_POSITIVE, "quality_issue": Ending.QUALITY_ISSUE}
TOLD_AT_ONCE = (Role.BUSINESS_OWNER, Role.OPERATIONS, Role.RESPONDER, Role.COMMUNICATIONS)


@workflow.defn(name="Incident")
class IncidentWorkflow:
    """The response to one incident."""

    @workflow.init
    def __init__(self, opening: OpenIncident) -> None:
        self._opening = opening
        self._tracks = Tracks()
        self._state = state_of(opening)
        kit = Kit(opening, self._state, self._tracks.begin)
        self._tape = kit.tape
        self._notices = kit.notices
        self._clock = kit.clock
        self._decisions = kit.decisions
        self._levers = kit.levers
        self._preservation = kit.preservation
        self._restart = kit.restart
        self._changing = kit.changing
        self._releasing = kit.releasing
        self._tasks = kit.tasks
        self._journal = kit.journal
        self._approvals = kit.approvals
        self._weighing = kit.weighing
        self._assessment = kit.assessment
        self._merging = kit.merging
        self._declarations = kit.declarations
        self._upkeep = kit.upkeep
        self._post = kit.post

    @workflow.run
    async def run(self, opening: OpenIncident) -> Ending:  # noqa: ARG002 - read by __init__
        """Respond until the incident is closed; return how it ended."""
        self._tracks.begin(self._tape.keep_storing())
        self._tracks.begin(self._clock.keep())
        self._tracks.begin(self._approvals.keep_acting())
        while not await self._gone_through():
            await self._tracks.stop_from(KEEPERS)
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._stored()
        await self._tracks.stop_from(0)
        return self._state.ending or Ending.NOT_RESTARTED

    async def _gone_through(self) -> bool:
        """Go its own course, or wait for the incident it was merged into; False: now it is the other way."""
        merged = self._merged()
        weighing = self._tracks.begin(self._weigh_what_joins())
        self._tracks.begin(self._preservation.keep_bringing_in())
        self._tracks.begin(self._upkeep.keep())
        course = self._tracks.begin(self._wait_for_the_other(weighing) if merged else self._respond())
        await self._until(
            lambda: course.done() or self._full() or self._called_off() or self._merged() is not merged
        )
        if self._merged() is not merged and self._state.closed_at is None:
            return False
        if self._called_off():
            await self._tracks.stop_from(KEEPERS)
            triage = next(one for one in self._state.of(DecisionKind.TRIAGE) if one.outcome in STAND_DOWN)
            standing_down = self._tracks.begin(self._stand_down(triage))
            await self._until(standing_down.done)
        elif not course.done():
            await self._carry_over()
        return True

    async def _wait_for_the_other(self, weighing: asyncio.Task[None]) -> None:
        """Keep what is held until the incident it was merged into lets go, then let go by its decision."""
        containing = self._tracks.begin(self._levers.contain())
        decision = await self._merging.handed_over()
        merge = self._state.merge
        if decision is None or merge is None:
            return
        await self._tracks.stop([containing, weighing])
        await self._tape.stored()
        await self._let_go(decision, merge=merge.envelope)
        self._state.ending = Ending.MERGED
        await self._close()

    async def _respond(self) -> None:
        """The loop: contain and preserve at once, triage, tracks side by side, back into service, learn."""
        self._journal.take_up()
        self._open()
        containing = self._tracks.begin(self._contain())
        preserving = self._tracks.begin(self._preserve())
        reviewing = self._tracks.begin(self._assessment.review_legally())
        triage = await self._triage()
        if triage.effect in STAND_DOWN:
            await self._tracks.stop([containing, reviewing])
            await self._stand_down(triage)
            return
        self._assessment.triaged(triage)
        raising = self._tracks.begin(self._contain_what_is_left(containing))
        assessing = self._tracks.begin(self._assessment.assess_impact())
        await self._go_back_into_service()
        await asyncio.gather(raising, preserving, reviewing, assessing)
        await self._learn()
        await self._assessment.answered()
        await self._close()

    async def _weigh_what_joins(self) -> None:
        """Weigh anew whenever what joined calls for it, as long as it is held to be an incident."""
        while True:
            await workflow.wait_condition(lambda: self._weighing.called and not self._is_over())
            await self._weighing.joined()
            await self._levers.contain()

    async def _go_back_into_service(self) -> None:
        """Diagnose, fix, prove, decide, release, watch; round again until it holds."""
        while self._state.ending is None:
            await self._investigate()
            with self._journal.stage(Stage.CORRECT_REMEDIATE):
                fixed = await self._restart.fixed()
            self._changing.note()
            if not fixed:
                return
            with self._journal.stage(Stage.VALIDATE_RESTART):
                restarted = await self._validated_and_released()
            if not restarted:
                continue
            with self._journal.stage(Stage.MONITOR):
                held = await self._restart.watched()
            if held:
                self._state.ending = Ending.RESTARTED
            else:
                await self._preservation.snapshot(self._state.snapshots + 1)

    async def _validated_and_released(self) -> bool:
        if self._state.watch_until is None:
            if not await self._restart.gate_opens():
                return False
            decision = await self._restart.approved()
            if decision is None or not await self._restart.released(decision):
                return False
        restarted = [one for one in self._state.of(DecisionKind.RESTART) if one.outcome == "restart"]
        if self._state.release is None or self._state.release.full:
            await self._merging.let_go_too(restarted[-1] if restarted else None)
        return True

    def _open(self) -> None:
        if self._state.stages:
            return
        write_opening(self._opening, self._tape)
        with self._journal.stage(Stage.DETECT, main=False):
            pass
        self._weighing.join()
        if self._opening.containment_required:
            self._levers.order()

    async def _contain(self) -> None:
        with self._journal.stage(Stage.CONTAIN):
            if not self._levers.foreseeing.enforces():
                await self._levers.foreseeing.settled()
            await self._levers.contain()
            await self._levers.done_by_hand()
        if self._state.stage is Stage.CONTAIN:
            self._journal.enter(Stage.TRIAGE_CLASSIFY)
        with self._journal.stage(Stage.COMMUNICATE, main=False) as begun:
            if not begun or not self._levers.foreseeing.enforces():
                return
            self._notices.word("guidance", self._opening.plan.playbook, TOLD_AT_ONCE)

    async def _preserve(self) -> None:
        with self._journal.stage(Stage.PRESERVE_EVIDENCE, main=False):
            await self._preservation.snapshot(1)

    async def _triage(self) -> DecisionRecord:
        with self._journal.stage(Stage.TRIAGE_CLASSIFY, main=False):
            return await self._decisions.ask(DecisionKind.TRIAGE)

    async def _contain_what_is_left(self, containing: asyncio.Task[None]) -> None:
        await containing
        await self._levers.contain()

    async def _investigate(self) -> None:
        """Ask for the cause, once per relapse. No silence names it: without one, no fix can be marked."""
        with self._journal.stage(Stage.INVESTIGATE):
            diagnosis = await self._decisions.ask(
                DecisionKind.DIAGNOSIS, nth=self._state.relapses, past_default=True
            )
            self._state.findings["root_cause"] = diagnosis.effect or "unknown"
            for name in diagnosis.request.findings:
                self._state.findings.pop(name, None)
            for response in diagnosis.accepted:
                self._state.findings.update(response.findings)

    async def _learn(self) -> None:
        with self._journal.stage(Stage.LEARN_CLOSE):
            lessons = await self._changing.lessons()
            await self._tasks.followed_up()
            self._tape.add(
                Kind.LESSON_RECORDED, subject=lessons.request.id, after=lessons.outcome or "no_change"
            )

    async def _stand_down(self, triage: DecisionRecord) -> None:
        """Undo everything: triage found no incident. The only release besides the gate."""
        self._tape.add(Kind.STOOD_DOWN, subject=triage.request.id, after=triage.outcome or "")
        for kind in DecisionKind:
            self._decisions.supersede(kind)
        await self._let_go(triage)
        await self._merging.let_go_too(triage)
        self._state.ending = STAND_DOWN[triage.outcome or "false_positive"]
        await self._close()

    async def _let_go(self, decision: DecisionRecord, *, merge: Envelope | None = None) -> None:
        while not await self._levers.release(decision, merge=merge):
            await workflow.sleep(timedelta(seconds=15), summary="before the release is tried again")

    async def _close(self) -> None:
        """Write the incident file and end; what is not yet stored is stored first."""
        for kind in DecisionKind:
            self._decisions.supersede(kind)
        await self._merging.let_go_too(None)
        self._releasing.keep()
        await self._tape.stored()
        self._state.file = await workflow.execute_activity_method(
            RecordActivities.write_file,
            FileCall(incident=self._opening.incident),
            start_to_close_timeout=FILE_TIMEOUT,
            retry_policy=FILE_RETRIES,
            priority=Priority(priority_key=4),
        )
        self._tape.add(Kind.FILE_WRITTEN, digests={"file": self._state.file})
        self._state.closed_at = workflow.now()
        self._tape.add(Kind.CLOSED, after=(self._state.ending or Ending.NOT_RESTARTED).value)
        self._journal.enter(Stage.CLOSED)

    @workflow.update
    async def open_or_join(self, arrival: Arrival) -> Received:
        """Take a detection. None that can be read is refused: that would leave an empty workflow behind."""
        if arrival.detection != self._opening.detection:
            self._post.joined(1, arrival.received_at)
        return Received(stage=self._state.stage, joined=self._state.joined)

    @workflow.update
    async def respond(self, envelope: Envelope) -> Answered:
        """Judge a signed answer and say what became of it, once that is stored."""
        return await self._unless_set_back(self._decisions.respond(envelope))

    # Validators refuse what is of another type, or too much or too little. The converter lets `null` and
    # additional arguments through, and an error in the update itself blocks the workflow's task for ever.
    @open_or_join.validator
    def _refuse_what_is_no_arrival(self, arrival: Arrival) -> None:
        refuse_other_than(Arrival, arrival)

    @respond.validator
    def _refuse_what_is_no_answer(self, envelope: Envelope) -> None:
        refuse_other_than(Envelope, envelope)

    @workflow.update
    async def propose(self, envelope: Envelope) -> Proposed:
        """Take what a person asks to have decided, and say what became of it, once that is stored."""
        return await self._unless_set_back(self._approvals.propose(envelope))

    @propose.validator
    def _refuse_what_is_no_proposal(self, envelope: Envelope) -> None:
        refuse_other_than(Envelope, envelope)

    @workflow.update
    async def declare(self, envelope: Envelope) -> DeclarationTaken:
        """Take what a person states without being asked, and say what became of it, once that is stored."""
        return await self._unless_set_back(self._declarations.declare(envelope))

    @declare.validator
    def _refuse_what_is_no_declaration(self, envelope: Envelope) -> None:
        refuse_other_than(Envelope, envelope)

    @workflow.signal(dynamic=True)
    async def take(self, name: str, args: Sequence[RawValue]) -> None:
        """Take any signal; what can't be read is recorded as refused, and nothing raises."""
        with suppress(ApplicationError):
            await self._unless_set_back(self._post.take(name, args))

    @workflow.query
    def state(self) -> IncidentState:
        """What the workflow remembers, for the auditor's replay."""
        return self._state

    def _merged(self) -> bool:
        return self._state.merge is not None

    def _is_over(self) -> bool:
        return self._state.ending is not None or any(
            record.outcome in STAND_DOWN for record in self._state.of(DecisionKind.TRIAGE)
        )

    def _called_off(self) -> bool:
        """Whether triage, answered after its safe default applied, says there is no incident."""
        late = any(
            record.defaulted and record.outcome in STAND_DOWN
            for record in self._state.of(DecisionKind.TRIAGE)
        )
        return late and self._levers.standing() and self._state.ending is None

    def _full(self) -> bool:
        here = workflow.info()
        return here.is_continue_as_new_suggested() or here.get_current_history_length() >= CARRY_OVER_AT

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait, whatever comes. Cancelling an incident would end it with its levers set."""
        while not condition() and self._tape.outrun is None:
            try:
                await workflow.wait_condition(
                    lambda: condition() or self._tracks.broken() is not None or self._tape.outrun is not None
                )
            except asyncio.CancelledError:
                self._post.refuse("cancel")
            self._tracks.raise_what_broke()
        if self._tape.outrun is not None:
            await self._go_on_from(self._tape.outrun)

    async def _stored(self) -> None:
        """Wait until everything added so far is at rest, or go on from what is there already."""
        storing = self._tracks.begin(self._tape.stored())
        await self._until(storing.done)

    async def _go_on_from(self, newer: IncidentState) -> NoReturn:
        """Continue as a run that remembers what is on record: this one was set back behind it."""
        await self._tracks.stop_from(0)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self._opening.model_copy(update={"carried": newer}))

    async def _unless_set_back(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Answer what was asked, unless this history turns out to be older than what is on record.

        Raises:
            ApplicationError: it is; nothing of what was asked counts, and it can be asked again.
        """
        task = asyncio.create_task(work)
        await workflow.wait_condition(lambda: task.done() or self._tape.outrun is not None)
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise ApplicationError("the incident goes on from its record: send it once more", type="SetBack")
        return task.result()

    async def _carry_over(self) -> NoReturn:
        """Continue as a new run, with open questions, orders and reports carried over."""
        await self._tracks.stop_from(1)
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._stored()
        workflow.continue_as_new(self._opening.model_copy(update={"carried": self._state}))
