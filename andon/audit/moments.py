"""What an incident's workflows remembered at each moment: their histories are run again and watched.

An interceptor copies the state each time a workflow has new ledger entries and begins something: calls an
activity or a child, or goes on as a new run. What follows up on it after the close is watched as it sends
its steps to rest. A history is replayed whole, since one that was cut short can't be. A run that does not
replay is told of, with what came before it departed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from temporalio import workflow
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from activities.ledger import Batch
from andon.audit.recorded import APPEND
from andon.audit.replay import MAX_PROBLEM, NAMESPACE, replayer_of
from andon.audit.runs import builds, run_of
from andon.domain.decision import DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.follow_up import FollowUp, Step, follow_up_workflow
from andon.domain.incident import IncidentState, OpenIncident, OrderRecord, workflow_id
from andon.domain.ledger import Entry, Kind
from andon.domain.notice import Notice
from andon.domain.relived import (
    AFTER,
    Moment,
    OrderThen,
    QuestionThen,
    Relived,
    RunThen,
    SealThen,
    StageThen,
)
from andon.domain.response import Statement
from andon.domain.signing import Envelope
from andon.domain.values import PersonId
from workers.build import build_id

STATE: Final = "_state"
"""Where the incident's workflow keeps what it remembers."""
FOLLOWING: Final = "_following"
"""Where the workflow that follows up on it does."""
RECORD: Final = "follow_up.record"
HANDED_OVER: Final = 20
"""Moments among which a run's last entries are found; what it hands over was not at rest yet."""


async def relive(
    histories: Iterable[WorkflowHistory], namespace: str = NAMESPACE, *, source: str = "temporal"
) -> Relived:
    """Return the moments of an incident, oldest first, from all runs of its workflows.

    Batches of a run that was set back are there too; `line_of` holds them to the ledger.
    """
    watcher = _Watcher()
    runs: list[RunThen] = []
    own = [one for one in histories if _tells(one.workflow_id)]
    for history in sorted(own, key=lambda one: one.events[0].event_time.ToDatetime()):
        watcher.gathered.begin(_which(history)[0])
        result = await replayer_of(namespace, [watcher]).replay_workflow(
            history, raise_on_replay_failure=False
        )
        failure = result.replay_failure
        problem = f"{type(failure).__name__}: {failure}"[:MAX_PROBLEM] if failure is not None else None
        runs.append(_run(history, problem))
    return Relived(
        moments=tuple(watcher.moments()),
        runs=tuple(runs),
        recorded_by=tuple(sorted(builds(own))),
        replayed_by=build_id(),
        source=source,
    )


def _tells(workflow: str) -> bool:
    """Whether a workflow remembers what no other does: the incident, or what follows up on it."""
    incident = workflow.removeprefix("incident/").split("/", 1)[0]
    return workflow in (workflow_id(incident), follow_up_workflow(incident))


def _which(history: WorkflowHistory) -> tuple[str, bool]:
    """Return the id of the run a history is of, and whether it was reset: then it begins as another."""
    run, was_reset = run_of(history), False
    for event in history.events:
        failed = event.workflow_task_failed_event_attributes
        if (
            event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
            and failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
        ):
            run, was_reset = failed.new_run_id, True
    return run, was_reset


def _run(history: WorkflowHistory, problem: str | None) -> RunThen:
    started = history.events[0].workflow_execution_started_event_attributes
    run, was_reset = _which(history)
    began = "reset" if was_reset else "continued" if started.continued_execution_run_id else "first"
    return RunThen(
        workflow=history.workflow_id,
        run=run,
        began_at=history.events[0].event_time.ToDatetime(UTC),
        events=len(history.events),
        began="follow_up" if history.workflow_id.count("/") > 1 else began,
        problem=problem,
    )


@dataclass
class _Seen:
    """What a workflow remembered when it began something, and the entries that had come since."""

    run: str
    at: datetime
    state: IncidentState
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...] = ()


@dataclass
class _Followed:
    """What a follow-up remembered when it sent a step to rest."""

    run: str
    at: datetime
    following: FollowUp
    step: Step


@dataclass
class _Gathered:
    run: str = ""
    reached: int = 0
    """Number of the first entry that was not seen in this run."""
    moments: list[_Seen] = field(default_factory=list)
    steps: list[_Followed] = field(default_factory=list)

    def begin(self, run: str) -> None:
        """Begin with another run, which remembers nothing unless it is handed something over."""
        self.run, self.reached = run, 0

    def hand_over(self, state: IncidentState) -> None:
        """Begin with what a run before remembered: only entries that it was not seen with are new."""
        seen = [entry for one in self.moments[-HANDED_OVER:] for entry in one.entries]
        new = (one.sequence for one in state.pending if one not in seen)
        self.reached = next(new, state.head.length)

    def note(self, notices: tuple[Notice, ...] = ()) -> None:
        """Note what the incident's workflow remembers, if it has entries that were not seen yet."""
        state = getattr(workflow.instance(), STATE, None)
        if not isinstance(state, IncidentState):
            return
        entries = tuple(one for one in state.pending if one.sequence >= self.reached)
        if entries:
            self.reached = entries[-1].sequence + 1
            copy = state.model_copy(deep=True)
            self.moments.append(_Seen(self.run, workflow.now(), copy, entries, notices))
        elif notices and self.moments and self.moments[-1].run == self.run:
            self.moments[-1].notices += notices


class _Watcher(Interceptor):
    """Gathers what the workflows remembered."""

    def __init__(self) -> None:
        self.gathered = _Gathered()

    def workflow_interceptor_class(
        self, _input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Return a class that puts the watcher between a workflow and what it begins."""
        gathered = self.gathered

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(_Outbound(outbound, gathered))

            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's
                opening = input.args[0] if input.args else None
                if isinstance(opening, OpenIncident) and opening.carried is not None:
                    gathered.hand_over(opening.carried)
                return await super().execute_workflow(input)

        return Inbound

    def moments(self) -> list[Moment]:
        """Return what was gathered, in the chain's order; what a reset run repeats is there once."""
        seen: dict[int, list[tuple[Entry, ...]]] = {}
        found: list[Moment] = []
        for one in sorted(self.gathered.moments, key=lambda one: one.entries[-1].sequence):
            alike = seen.setdefault(one.entries[-1].sequence, [])
            if one.entries not in alike:
                alike.append(one.entries)
                found.append(_moment(one))
        return [*found, *_after(self.gathered.steps, found[-1])] if found else []


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, following: WorkflowOutboundInterceptor, gathered: _Gathered) -> None:
        super().__init__(following)
        self._gathered = gathered

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - the SDK's
        """Note what the workflow remembers when it calls an activity; who is told is in its batches."""
        if input.activity == RECORD:
            self._follow(next(one for one in input.args if isinstance(one, Step)))
        else:
            batch = next((one for one in input.args if isinstance(one, Batch)), None)
            self._gathered.note(batch.notices if batch is not None and input.activity == APPEND else ())
        return super().start_activity(input)

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002 - the SDK's
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        """Note what the workflow remembers when it starts a child."""
        self._gathered.note()
        return await super().start_child_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - the SDK's
        """Note what the workflow hands over."""
        self._gathered.note()
        super().continue_as_new(input)

    def _follow(self, step: Step) -> None:
        following: FollowUp = getattr(workflow.instance(), FOLLOWING)
        self._gathered.steps.append(_Followed(self._gathered.run, workflow.now(), following, step))


def _moment(seen: _Seen) -> Moment:
    state = seen.state
    decisions = state.decisions.items()
    return Moment(
        name=str(seen.entries[-1].sequence),
        at=seen.at,
        run=seen.run,
        entries=seen.entries,
        stage=state.stage.value,
        stages=tuple(
            StageThen(stage=one.stage.value, state=one.state, owner=one.owner, due=one.due)
            for one in state.stages
        ),
        severity=state.severity.value,
        classification=state.classification.value,
        contained=state.contained,
        lead=state.lead or "",
        gate_open=state.gate.open if state.gate else None,
        evidence=tuple(
            SealThen(root=one.root, sealed_at=one.sealed_at, items=one.items, gaps=len(one.missing))
            for one in state.seals
        ),
        orders={name: _order(one) for name, one in state.orders.items()},
        open={name: _question(one, seen.at) for name, one in decisions if one.open},
        decided={name: str(one.effect) for name, one in decisions if one.effect},
        facts={**state.findings, **state.facts},
        told=_told(seen.notices),
        knew=_knew(seen),
        changes={name: one.state.value for name, one in state.changes.items()},
    )


def _order(record: OrderRecord) -> OrderThen:
    lever = record.order.lever
    return OrderThen(state=record.state.value, lever=lever.id, verb=lever.verb.value, target=lever.target)


def _question(record: DecisionRecord, at: datetime) -> QuestionThen:
    return QuestionThen(
        kind=record.request.kind.value,
        deadline=record.request.deadline,
        roles=tuple(sorted(record.request.roles_at(at))),
        answers={answer.person: answer.option for answer in record.accepted},
        breached=record.breached,
        rungs=record.rungs_reached,
        defaulted=record.defaulted,
    )


def _after(steps: Iterable[_Followed], last: Moment) -> list[Moment]:
    """Return the moments after the close: the incident stands, and its changes go on."""
    found: list[Moment] = []
    for number, one in enumerate(sorted(steps, key=lambda one: one.at), start=1):
        said = _said(one.step.statement) if one.step.statement is not None else {}
        left = {change.id: change.state.value for change in one.following.changes}
        made = {
            "name": f"{AFTER}{number}",
            "at": one.at,
            "run": one.run,
            "entries": (),
            "step": one.step.access,
            "told": _told(one.step.notices),
            "knew": said,
            "changes": {**last.changes, **left},
        }
        found.append(last.model_copy(update=made))
    return found


def _told(notices: Iterable[Notice]) -> dict[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {}
    for notice in notices:
        for role in notice.roles:
            told[role.value] = (*told.get(role.value, ()), f"{notice.about} {notice.subject}".strip())
    return told


def _knew(seen: _Seen) -> dict[PersonId, tuple[str, ...]]:
    envelopes = {exhibit.digest: exhibit.envelope for exhibit in seen.state.exhibits}
    knew: dict[PersonId, tuple[str, ...]] = {}
    for entry in seen.entries:
        envelope = envelopes.get(entry.digests.get("statement", ""))
        if entry.kind != Kind.RESPONSE_ACCEPTED or envelope is None:
            continue
        # What they said, not whether it is signed: that is the verifier's to find.
        said = Statement.model_validate_json(base64.b64decode(envelope.payload))
        opened = tuple(f"opened {one}" for one in said.opened)
        knew[said.person] = (*knew.get(said.person, ()), *opened, f"said {said.option} to {said.decision}")
    return knew


def _said(envelope: Envelope) -> dict[PersonId, tuple[str, ...]]:
    """Return who said what of a change."""
    declared = Declaration.model_validate_json(base64.b64decode(envelope.payload))
    about = " ".join(declared.about.values())
    return {declared.person: (f"said {declared.kind.value} of {about}".strip(),)}
