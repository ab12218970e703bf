"""The ports of evaluation: eval suites, and what came of their runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from andon.domain.errands import EvaluationRequest
from andon.domain.gate import EvaluationResult
from andon.domain.staging import Reproduction, ReproductionCall
from andon.domain.values import IncidentId


class Evaluator(Protocol):
    """Runs eval suites in a process of their own."""

    async def run(self, request: EvaluationRequest, progress: Callable[[str], None]) -> EvaluationResult:
        """Run the suite to its end and return its result; logs are stored as evidence.

        Calls `progress` at least every second. Cancelling stops the process and its children.

        Raises:
            EvaluationError: the suite could not be run. Final.
        """


class StagingCopy(Protocol):
    """Sends an incident's input to a copy of its AI system, and keeps what came back as evidence."""

    async def reproduce(self, call: ReproductionCall) -> Reproduction:
        """Send it once.

        Raises:
            EvaluationError: there is no copy, or nothing to send. Final.
        """


class EvaluationLog(Protocol):
    """Results of evaluations, kept by the worker that ran them."""

    async def keep(self, incident: IncidentId, number: int, result: EvaluationResult) -> None:
        """Keep a result; a repeat changes nothing."""

    async def result(self, incident: IncidentId, number: int) -> EvaluationResult:
        """Return a kept result.

        Raises:
            NotFoundError: no such run has finished. Final.
        """
