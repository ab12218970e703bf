"""Run the AI system's eval suite on the versions that will run, for the gate."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.evaluation import EvaluationActivities, KeepCall, RecordActivities, VersionsCall
from andon.domain.errands import EvaluationRequest, ReevaluationOrder, Report
from andon.domain.gate import EvaluationResult
from andon.domain.values import Sha256Hex
from workflows import queues
from workflows.steadfast import Steadfast

HEARTBEAT = timedelta(seconds=20)
ATTEMPTS = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=3)
SLACK = timedelta(minutes=1)
READ_TIMEOUT = timedelta(seconds=10)
READ_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=5)
KEEP_TIMEOUT = timedelta(seconds=10)


@workflow.defn(name="Reevaluation")
class ReevaluationWorkflow:
    """Run the suite; whatever comes of it is kept, and the incident is told that it is over."""

    @workflow.run
    async def run(self, order: ReevaluationOrder) -> bool:
        """Return whether the suite ran to its end."""
        steadfast = Steadfast(order.parent, f"reevaluation/{order.request.number}")
        completed = await steadfast.through(self._kept(order))
        await steadfast.tell("reevaluation_over", Report(number=order.request.number))
        return completed

    async def _kept(self, order: ReevaluationOrder) -> bool:
        result = await self._evaluated(order.request)
        if order.past and result.completed and result.incident_case:
            result = result.with_past(await self._run(order.request.model_copy(update={"past": True})))
        running = await self._running(order) if order.versions else None
        await workflow.execute_activity_method(
            RecordActivities.keep_result,
            KeepCall(
                incident=order.request.incident,
                number=order.request.number,
                result=result.model_copy(update={"running": running}),
            ),
            task_queue=queues.RESPONSE,
            start_to_close_timeout=KEEP_TIMEOUT,
        )
        return result.completed

    async def _evaluated(self, request: EvaluationRequest) -> EvaluationResult:
        """Run the suite; one that can't be run holds no case, so it opens nothing."""
        began = workflow.now()
        return await self._run(request) or EvaluationResult(
            suite="",
            started_at=began,
            finished_at=workflow.now(),
            completed=False,
            versions=None,
            total=0,
            finished=0,
            incident_case=None,
        )

    async def _run(self, request: EvaluationRequest) -> EvaluationResult | None:
        try:
            return await workflow.execute_activity_method(
                EvaluationActivities.run,
                request,
                task_queue=queues.EVALUATION,
                start_to_close_timeout=request.timeout + SLACK,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=ATTEMPTS,
                priority=Priority(priority_key=4),
            )
        except ActivityError:
            workflow.logger.exception("evaluation %d could not be run", request.number)
            return None

    async def _running(self, order: ReevaluationOrder) -> Sha256Hex | None:
        try:
            return await workflow.execute_activity_method(
                RecordActivities.read_versions,
                VersionsCall(system=order.request.system),
                task_queue=queues.RESPONSE,
                start_to_close_timeout=READ_TIMEOUT,
                retry_policy=READ_ATTEMPTS,
                priority=Priority(priority_key=2),
            )
        except ActivityError:
            return None
