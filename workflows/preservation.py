"""Preserving evidence: snapshots taken by a child, accepted by what it sealed, not by what it says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from activities.evaluation import Numbered, RecordActivities
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.errands import EvidenceQuery, SnapshotOrder
from andon.domain.evidence import Seal
from andon.domain.incident import IncidentState, OpenIncident, workflow_id
from andon.domain.ledger import Kind
from andon.domain.values import Slug
from andon.domain.volatile import missed
from workflows.clock import Clock
from workflows.decisions import Decisions
from workflows.evidence_snapshot import EvidenceSnapshotWorkflow
from workflows.notices import Notices
from workflows.tape import Tape

UPLOADS = "uploads"
"""The source of what reports bring."""
SNAPSHOT_WITHIN = timedelta(hours=1)
TRIES = 2
CALLED_ON = (Role.INCIDENT_LEAD, Role.OPERATIONS)
READ_TIMEOUT = timedelta(seconds=5)
READ_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5)
)


class Preservation:
    """The evidence snapshots of one incident."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        decisions: Decisions,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._decisions = decisions
        self._notices = notices
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def snapshot(self, number: int) -> None:
        """Have snapshot `number` taken and sealed, unless it is.

        One that does not report, as when somebody terminated it, is on record, and one more is taken.
        """
        async with self._one_at_a_time:
            # Another one may have been taken while this one waited for its turn.
            taken = self._state.snapshots
            await self._taken(taken + 1 if 1 < number <= taken else number)

    async def keep_bringing_in(self) -> None:
        """Take one more snapshot whenever reports that joined have brought evidence."""
        while True:
            await workflow.wait_condition(lambda: self._state.brought > self._state.brought_in)
            offered = self._state.brought
            await self.snapshot(self._state.snapshots + 1)
            self._state.brought_in = offered

    async def _taken(self, number: int) -> None:
        failed = self._state.failed_snapshots
        for _ in range(TRIES):
            while number in failed:
                number += 1
            if any(seal.snapshot == number for seal in self._state.seals):
                return
            if self._state.snapshots < number:
                self._state.snapshots = number
                await self._start(number)
            seal = await self._sealed(number)
            if seal is not None:
                self._accept(seal)
                return
            failed.append(number)
            self._tape.add(Kind.EVIDENCE_FAILED, subject=str(number), facts={"problem": "no_report"})
            self._notices.word("evidence_failed", str(number), CALLED_ON)

    def _accept(self, seal: Seal) -> None:
        self._state.seals.append(seal)
        self._tape.add(
            Kind.EVIDENCE_SEALED,
            subject=str(seal.snapshot),
            at=seal.sealed_at,
            digests={"root": seal.root},
            facts={
                "items": seal.items,
                "bytes": seal.size_bytes,
                "gaps": len(seal.missing),
                **self._missed(),
            },
        )
        # Evidence that came after the question voids a restart: it was asked on other grounds.
        self._decisions.supersede(DecisionKind.RESTART)

    def _missed(self) -> dict[str, str]:
        """Name what was first taken when levers had been moved already (EVD-01)."""
        applied = [record.applied for record in self._state.orders.values() if record.applied is not None]
        taken = [seal.volatile for seal in self._state.seals]
        late = missed(taken, [one.at for one in applied])
        return {"after_first_change": ",".join(late)} if late else {}

    async def _start(self, number: int) -> None:
        opening, plan = self._opening, self._opening.plan
        began = opening.occurred_at or opening.detected_at
        await workflow.start_child_workflow(
            EvidenceSnapshotWorkflow.run,
            SnapshotOrder(
                incident=opening.incident,
                parent=workflow_id(self._opening.incident),
                number=number,
                previous=self._state.evidence_root,
                query=EvidenceQuery(
                    incident=opening.incident,
                    system=plan.system,
                    since=min(began, opening.detected_at) - plan.lookback,
                    until=workflow.now(),
                    trace_ids=opening.trace_ids,
                ),
                rows=plan.rows,
                sources=self._sources(),
                at=workflow.now(),
            ),
            id=f"{workflow_id(self._opening.incident)}/evidence/{number}",
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            execution_timeout=SNAPSHOT_WITHIN,
            static_summary=f"evidence of {opening.incident}, snapshot {number}",
        )

    def _sources(self) -> tuple[Slug, ...]:
        """Return whom to ask; reports that joined may bring evidence when the first one brought none."""
        sources = self._opening.plan.sources
        return (*sources, UPLOADS) if self._state.brought and UPLOADS not in sources else sources

    async def _sealed(self, number: int) -> Seal | None:
        report = f"evidence/{number}"
        while True:
            if not await self._clock.wait(lambda: report in self._state.reported, SNAPSHOT_WITHIN, report):
                return None
            self._state.reported.remove(report)
            try:
                return await workflow.execute_activity_method(
                    RecordActivities.read_seal,
                    Numbered(incident=self._opening.incident, number=number),
                    start_to_close_timeout=READ_TIMEOUT,
                    retry_policy=READ_RETRIES,
                )
            except FailureError:
                self._tape.add(Kind.SIGNAL_REFUSED, subject=report, facts={"refusal": "nothing_sealed"})
