"""Sending an incident's failing input to the staging copy of its AI system."""

from __future__ import annotations

from temporalio import activity

from activities.final import final_errors
from andon.domain.staging import Reproduction, ReproductionCall
from andon.ports import StagingCopy


class ReproductionActivities:
    """Reproduces incidents where nothing done has an effect."""

    def __init__(self, staging: StagingCopy) -> None:
        self._staging = staging

    @activity.defn(name="reproduction.run")
    async def run(self, call: ReproductionCall) -> Reproduction:
        """Send the input once and keep what came back as evidence.

        Raises:
            ApplicationError: `EvaluationError`: there is no copy, or nothing to send. Not retryable.
        """
        with final_errors():
            return await self._staging.reproduce(call)
