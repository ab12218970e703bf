"""The log of evaluations, kept in the register."""

from __future__ import annotations

import asyncio

from andon.domain.gate import EvaluationResult
from andon.domain.values import IncidentId
from andon.register.evaluations import Evaluations


class RegisterEvaluations:
    """Runs the register's queries in threads."""

    def __init__(self, evaluations: Evaluations) -> None:
        self._evaluations = evaluations

    async def keep(self, incident: IncidentId, number: int, result: EvaluationResult) -> None:
        """Keep a result; a repeat changes nothing."""
        await asyncio.to_thread(self._evaluations.keep, incident, number, result)

    async def result(self, incident: IncidentId, number: int) -> EvaluationResult:
        """Return a kept result."""
        return await asyncio.to_thread(self._evaluations.result, incident, number)
