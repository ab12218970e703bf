"""How far an incident reaches and who must be told by law: asked beside the loop, and heeded when late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from temporalio import workflow

from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.incident import IncidentState
from andon.domain.severity import Band
from andon.domain.stage import Stage
from workflows.approvals import Approvals
from workflows.decisions import Decisions
from workflows.journal import Journal
from workflows.levers import Levers
from workflows.tasks import Tasks
from workflows.weighing import Weighing

OUTSIDE = (DecisionKind.LEGAL_REVIEW, DecisionKind.CUSTOMER_NOTIFICATION)
"""Questions whose answer somebody outside may be waiting for: an incident does not close over them."""


class Assessment:
    """The tracks for triage's findings, impact and legal review.

    Once a safe default has applied the loop goes on, and the question stays open. What people say then
    is taken up by a track that nothing waits for.
    """

    def __init__(
        self,
        state: IncidentState,
        decisions: Decisions,
        journal: Journal,
        weighing: Weighing,
        levers: Levers,
        approvals: Approvals,
        *,
        tasks: Tasks,
        begin: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._state = state
        self._decisions = decisions
        self._journal = journal
        self._weighing = weighing
        self._levers = levers
        self._approvals = approvals
        self._tasks = tasks
        self._begin = begin

    def triaged(self, triage: DecisionRecord) -> None:
        """Take a higher severity that triage found, once; a decision may have lowered it since."""
        if triage.outcome is None:
            self._begin(self._triaged_late())
        elif self._first_time(triage):
            self._weighing.take(triage)
        self._tasks.look_back()
        self._levers.enforce_after(triage)
        self._approvals.ask_for_what_costs()

    async def review_legally(self) -> None:
        """Ask legal once it is called for, and whether customers are told if legal says so."""
        state = self._state
        await workflow.wait_condition(
            lambda: state.severity >= Band.HIGH or state.legal_called or state.assessed
        )
        if state.severity < Band.HIGH and not state.legal_called:
            return
        review = await self._decisions.ask(DecisionKind.LEGAL_REVIEW)
        if review.outcome is None:
            self._begin(self._reviewed_late())
        if review.effect == "disclosure_needed":
            await self._decisions.ask(DecisionKind.CUSTOMER_NOTIFICATION)

    async def assess_impact(self) -> None:
        """Ask how far it reaches, and act on the answer."""
        if self._state.assessed:
            self._begin(self._assessed_late())
            return
        with self._journal.stage(Stage.ASSESS_IMPACT, main=False):
            impact = await self._decisions.ask(DecisionKind.IMPACT)
            await self._impact_stated(impact)
            await self._levers.contain()
            self._state.assessed = True
        if impact.outcome is None:
            self._begin(self._assessed_late())

    async def answered(self) -> None:
        """Wait until law and customers ask nothing more: each question is answered or its default applies."""
        while self._outstanding():
            await workflow.wait_condition(lambda: not self._outstanding())
            # Whoever heeds that answer may put another question.
            await asyncio.sleep(0)

    def _outstanding(self) -> bool:
        return any(
            record.open and not record.defaulted for kind in OUTSIDE for record in self._state.of(kind)
        )

    async def _triaged_late(self) -> None:
        triage = await self._decisions.settled(DecisionKind.TRIAGE)
        if triage is not None and self._first_time(triage):
            self._weighing.take(triage)
            self._levers.enforce_after(triage)
            self._approvals.ask_for_what_costs()
            await self._levers.contain()

    async def _reviewed_late(self) -> None:
        review = await self._decisions.settled(DecisionKind.LEGAL_REVIEW)
        if review is not None and review.outcome == "disclosure_needed":
            self._approvals.ask_about_customers()

    async def _assessed_late(self) -> None:
        impact = await self._decisions.settled(DecisionKind.IMPACT)
        if impact is None or impact.request.id in self._state.acted_on:
            return
        await self._impact_stated(impact)
        if not self._state.of(DecisionKind.LEGAL_REVIEW):
            self._begin(self.review_legally())
        await self._levers.contain()

    async def _impact_stated(self, impact: DecisionRecord) -> None:
        self._state.findings["blast_radius"] = impact.effect or "unknown"
        for response in impact.accepted:
            self._state.findings.update(response.findings)
        await self._weighing.escalate(impact)
        if impact.outcome is not None:
            self._first_time(impact)
        self._approvals.ask_for_what_costs()

    def _first_time(self, record: DecisionRecord) -> bool:
        """Whether a decision is taken up for the first time, over all runs of this incident."""
        if record.request.id in self._state.acted_on:
            return False
        self._state.acted_on.append(record.request.id)
        return True
