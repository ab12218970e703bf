"""From "fixed" to "running again": fix, evaluation, gate, restart decision, release, watch."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from activities.evaluation import Numbered, RecordActivities
from andon.domain.decision import Binding, DecisionKind, DecisionRecord
from andon.domain.errands import EvaluationRequest, ReevaluationOrder
from andon.domain.gate import EvaluationResult, Gate
from andon.domain.gate_rules import judge_gate
from andon.domain.incident import Ending, IncidentState, OpenIncident, workflow_id
from andon.domain.ledger import Kind
from andon.domain.playbook import EvaluationPlan
from andon.domain.values import digest_of
from workflows.clock import Clock
from workflows.decisions import Decisions
from workflows.evidence_hold import EvidenceHolding
from workflows.excepting import excepted
from workflows.levers import Levers
from workflows.reevaluation import ReevaluationWorkflow
from workflows.releasing import Releasing, bound
from workflows.tape import Tape
from workflows.watching import Watching

READ_TIMEOUT = timedelta(seconds=10)
READ_RETRIES = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=5)
HELD_ANEW = "held_anew"
EVALUATION_SLACK = timedelta(minutes=10)


class Restart:
    """The way back, which leads through the gate."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        decisions: Decisions,
        levers: Levers,
        clock: Clock,
        *,
        watching: Watching,
        releasing: Releasing,
        holding: EvidenceHolding,
    ) -> None:
        self._opening = opening
        self._plan = opening.plan
        self._state = state
        self._tape = tape
        self._decisions = decisions
        self._levers = levers
        self._clock = clock
        self._watching = watching
        self._releasing = releasing
        self._holding = holding

    async def fixed(self) -> bool:
        """Wait until a fix is marked as deployed; False: the system will not be restarted."""
        if self._state.fixed_at is not None:
            return True
        record = await self._decisions.ask(DecisionKind.REMEDIATION, nth=self._state.fixes)
        if record.outcome != "fix_deployed":
            self._state.ending = Ending.NOT_RESTARTED
            return False
        await self._holding.lifted(record.request.id)
        self._state.fixes += 1
        self._state.fixed_at = workflow.now()
        self._state.evaluation = None
        for response in record.accepted:
            if response.person not in self._state.fixers:
                self._state.fixers.append(response.person)
        self._tape.add(Kind.FIX_MARKED, subject=record.request.id, at=self._state.fixed_at)
        return True

    async def gate_opens(self) -> bool:
        """Evaluate what runs now, and judge it. A shut gate sends the fix back."""
        if self._state.gate is not None and self._state.gate.open:
            return True
        await self._evidence_first()
        result = self._state.evaluation or await self._evaluated()
        self._state.evaluation = result
        fixed_at = self._state.fixed_at or workflow.now()
        pinned = self._plan.evaluation is not None and bool(self._plan.evaluation.pin)
        gate = judge_gate(result, fixed_at=fixed_at, band=self._state.severity, past=pinned)
        self._state.gate = gate
        self._state.approved_versions = result.running if result else None
        self._record(gate)
        if excepted(self._state) and self._state.exception is not None:
            self._tape.add(Kind.CARRIED_OUT, subject=self._state.exception.decision, after="gate_shut")
            return True
        if gate.open:
            self._state.exception = None
        else:
            self._back_to_the_fix()
        return gate.open

    async def approved(self) -> DecisionRecord | None:
        """Ask for the restart; None: it stays stopped, and the fix is looked at again."""
        record = await self._decisions.ask(
            DecisionKind.RESTART, self._binding, nth=self._state.restarts, past_default=True
        )
        # What an executive has lifted was lifted for this restart, not for those after it.
        self._state.lifted.clear()
        gate = self._state.gate
        if record.outcome == "restart" and ((gate is not None and gate.open) or excepted(self._state)):
            return record
        self._state.restarts += 1
        self._back_to_the_fix()
        return None

    async def released(self, decision: DecisionRecord) -> bool:
        """Let go lever by lever, or come to the first step; if one is refused, all are held again."""
        await self._holding.lifted(decision.request.id)
        self._tape.add(Kind.RESTART_BEGUN, subject=decision.request.id)
        released = await self._releasing.begin(decision)
        self._state.restarts += 1
        if released:
            await self._watching.begin()
            return True
        self._state.evaluation = None
        self._state.gate = None
        self._releasing.again()
        self._levers.order_again()
        await self._levers.contain()
        return False

    async def watched(self) -> bool:
        """Go on with the release and watch for the window; False: the orders stand again."""
        saw = await self._releasing.through()
        if saw is None and self._levers.standing():
            # Something graver joined while it was watched, and had levers held: that is not running again.
            saw = HELD_ANEW
        if saw is not None:
            await self._contain_again(saw)
        return saw is None

    async def _contain_again(self, saw: str) -> None:
        """Apply the orders anew, with no new round of approval, and reopen the diagnosis."""
        self._tape.add(Kind.RELAPSE, facts={"saw": saw})
        self._state.relapse = None
        self._state.relapses += 1
        self._state.watch_until = None
        self._state.contained_at = None
        self._state.lifted.clear()
        self._back_to_the_fix()
        self._releasing.again()
        self._state.exception = None
        self._levers.order_again()
        await self._levers.contain()

    def _back_to_the_fix(self) -> None:
        self._state.fixed_at = None
        self._state.evaluation = None
        if self._state.gate is not None and self._state.gate.open:
            self._state.gate = None

    def _binding(self) -> Binding:
        return bound(self._state)

    def _record(self, gate: Gate) -> None:
        reasons = ",".join(reason.value for reason in gate.reasons)
        kind = Kind.GATE_OPENED if gate.open else Kind.GATE_SHUT
        self._tape.add(kind, facts={"reasons": reasons} if reasons else {})

    async def _evidence_first(self) -> None:
        """Wait a bounded time for the first snapshot: the incident's own case is made from it."""
        if self._state.seals:
            return
        within = self._plan.evidence_within
        if not await self._clock.wait(lambda: bool(self._state.seals), within, "first snapshot"):
            workflow.logger.warning("evaluating without evidence: the gate will miss the incident's own case")

    async def _evaluated(self) -> EvaluationResult | None:
        """Run the suite in a child; what counts is the result its worker kept."""
        if self._plan.evaluation is None:
            return None
        self._state.reevaluations += 1
        number = self._state.reevaluations
        self._tape.add(Kind.EVALUATION_STARTED, subject=str(number))
        await self._start_evaluation(number, self._plan.evaluation)
        result = await self._reported_result(number, self._plan.evaluation)
        self._tape.add(
            Kind.EVALUATION_FINISHED,
            subject=str(number),
            digests={"result": digest_of(result)} if result else {},
            facts={"finished": result.finished, "total": result.total, "failed": len(result.failed)}
            if result
            else {"problem": "no_result"},
        )
        return result

    async def _start_evaluation(self, number: int, suite: EvaluationPlan) -> None:
        await workflow.start_child_workflow(
            ReevaluationWorkflow.run,
            ReevaluationOrder(
                parent=workflow_id(self._opening.incident),
                request=EvaluationRequest(
                    incident=self._opening.incident,
                    system=self._plan.system,
                    number=number,
                    timeout=suite.timeout,
                    pin=self._state.pin or suite.pin,
                ),
                versions=self._plan.versions,
                past=True,
            ),
            id=f"{workflow_id(self._opening.incident)}/reevaluation/{number}",
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            static_summary=f"re-evaluation {number} for {self._opening.incident}",
        )

    async def _reported_result(self, number: int, suite: EvaluationPlan) -> EvaluationResult | None:
        """Wait for the report of a run, and take the result its worker kept; None: there is none.

        A run that fails keeps a result too, so a report without one is forged.
        """
        report = f"reevaluation/{number}"
        while True:
            within = suite.timeout * 3 + EVALUATION_SLACK
            if not await self._clock.wait(lambda: report in self._state.reported, within, report):
                return None
            self._state.reported.remove(report)
            try:
                return await self._kept_result(number)
            except FailureError:
                self._tape.add(Kind.SIGNAL_REFUSED, subject=report, facts={"refusal": "no_result_kept"})

    async def _kept_result(self, number: int) -> EvaluationResult:
        return await workflow.execute_activity_method(
            RecordActivities.read_result,
            Numbered(incident=self._opening.incident, number=number),
            start_to_close_timeout=READ_TIMEOUT,
            retry_policy=READ_RETRIES,
        )
