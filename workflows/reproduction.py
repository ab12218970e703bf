"""Reproduce an incident once in the staging copy of its AI system."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.reproduction import ReproductionActivities
from andon.domain.staging import Reproduction, ReproductionCall
from workflows import queues

TIMEOUT = timedelta(minutes=3)
WAITS = timedelta(minutes=10)
"""How long it may wait for a free evaluation worker."""
ONCE = RetryPolicy(maximum_attempts=1)


@workflow.defn(name="Reproduction")
class ReproductionWorkflow:
    """One question to the copy: a person asks again if it is to be asked again."""

    @workflow.run
    async def run(self, call: ReproductionCall) -> Reproduction:
        """Return what came of it."""
        try:
            return await workflow.execute_activity_method(
                ReproductionActivities.run,
                call,
                task_queue=queues.EVALUATION,
                schedule_to_start_timeout=WAITS,
                start_to_close_timeout=TIMEOUT,
                retry_policy=ONCE,
                priority=Priority(priority_key=4),
            )
        except ActivityError as error:
            final = isinstance(error.cause, ApplicationError)
            problem = "not_configured" if final else "not_run"
            return Reproduction(id=call.id, status=None, versions=None, problem=problem)
