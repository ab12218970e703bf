"""Run the AI system's eval suite on the versions that will run, for the gate."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

from activities.evaluation import EvaluationActivities, FailedRun, RecordActivities
from andon.domain.values import Carried
from andon.ports import EvaluationRequest
from workflows import queues
from workflows.evidence_snapshot import Numbered

HEARTBEAT = timedelta(seconds=20)
ATTEMPTS = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=3)
SLACK = timedelta(minutes=1)
KEEP_TIMEOUT = timedelta(seconds=10)


class ReevaluationOrder(Carried):
    """Which suite runs for which incident."""

    parent: str
    request: EvaluationRequest


@workflow.defn(name="Reevaluation")
class ReevaluationWorkflow:
    """Run the suite; whatever comes of it is kept, and the incident is told that it is over."""

    @workflow.run
    async def run(self, order: ReevaluationOrder) -> bool:
        """Return whether the suite ran to its end."""
        kept = True
        try:
            await workflow.execute_activity_method(
                EvaluationActivities.run,
                order.request,
                task_queue=queues.EVALUATION,
                start_to_close_timeout=order.request.timeout + SLACK,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=ATTEMPTS,
                priority=Priority(priority_key=4),
            )
        except ActivityError:
            workflow.logger.exception("evaluation %d could not be run", order.request.number)
            kept = False
            await self._keep_failure(order.request)
        parent = workflow.get_external_workflow_handle(order.parent)
        await parent.signal("reevaluation_over", Numbered(number=order.request.number))
        return kept

    async def _keep_failure(self, request: EvaluationRequest) -> None:
        await workflow.execute_activity_method(
            RecordActivities.keep_failure,
            FailedRun(incident=request.incident, number=request.number, at=workflow.now()),
            task_queue=queues.RESPONSE,
            start_to_close_timeout=KEEP_TIMEOUT,
        )
