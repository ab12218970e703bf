"""How severe an incident is, as more is learned of it, and whom that brings in."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.severity import SeverityActivities, WeighCall
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.declaration import Declaration
from andon.domain.escalation import escalate
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.severity import Band
from workflows.levers import Levers
from workflows.notices import Notices
from workflows.tape import Tape
from workflows.tasks import Tasks

WEIGH_TIMEOUT = timedelta(seconds=10)
WEIGH_RETRIES = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=30)
)


class Weighing:
    """Raises the severity of one incident; lowering it takes a decision of its own."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        notices: Notices,
        levers: Levers,
        tasks: Tasks,
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self._levers = levers
        self._tasks = tasks

    def join(self) -> None:
        """Bring in the roles that belong to an incident of this severity, kind and tags."""
        opening, tags = self._opening, self._opening.tags
        belong = opening.plan.joining.roles(self._state.severity, opening.type, tags)
        fresh = [role for role in belong if role not in self._state.joined_roles]
        if not fresh:
            return
        self._state.joined_roles += fresh
        self._tape.add(Kind.ROLES_JOINED, subject=self._state.severity.value, after=",".join(sorted(fresh)))
        self._notices.word("joined", self._state.severity.value, fresh)

    def take(self, triage: DecisionRecord) -> None:
        """Take a higher severity that triage found."""
        found = (one.findings["severity"] for one in triage.accepted if "severity" in one.findings)
        self._raise_to(max((Band(band) for band in found), default=Band.LOW), triage.request.id)

    async def escalate(self, impact: DecisionRecord) -> None:
        """Act on the seven escalation questions: whom to bring in, what is learned, how severe it is."""
        found = escalate(self._state.findings)
        self._tape.add(
            Kind.FACTS_LEARNED,
            subject=impact.request.id,
            facts={
                **found.at_least,
                "follow_ups": ",".join(found.follow_ups),
                "open_questions": ",".join(found.open),
            },
        )
        self._tasks.follow_up(found.to_do, impact.request.id)
        if found.routes:
            self._notices.word("brought_in", impact.request.id, found.routes)
        self._state.legal_called = found.legal_review
        if found.at_least:
            self._raise_to(await self._weighed(found.at_least), impact.request.id)

    @property
    def called(self) -> bool:
        """Whether a detection that joined said something graver, or named a session."""
        return self._state.graver or len(self._state.sessions) > self._state.quarantined

    async def joined(self) -> None:
        """Quarantine the sessions that were named, and weigh anew what all detections say if one was graver.

        What their senders assert counts until a person has triaged.
        """
        state = self._state
        named, state.quarantined = state.sessions[state.quarantined :], len(state.sessions)
        if named and (self._opening.containment_required or state.orders):
            self._levers.quarantine(named)
        if not state.graver:
            return
        state.graver = False
        try:
            band = await self._weighed(self._learned(), insist=not self._triaged())
        except asyncio.CancelledError:
            self._state.graver = True
            raise
        self._raise_to(band, "joined")

    async def learn(self, declaration: Declaration) -> None:
        """Weigh anew with what somebody stated; on record with what it replaces, and never lowered by it."""
        stated = declaration.about
        self._state.facts.update(stated)
        found = await workflow.execute_activity_method(
            SeverityActivities.weigh_stated,
            self._call(self._learned(), insist=not self._triaged(), fresh=tuple(stated)),
            start_to_close_timeout=WEIGH_TIMEOUT,
            retry_policy=WEIGH_RETRIES,
        )
        for fact, value in stated.items():
            self._tape.add(
                Kind.FACT_STATED,
                actor=f"person:{declaration.person}",
                subject=fact,
                before=found.before.get(fact, ""),
                after=value,
                reason=declaration.reason,
                facts={"counts": fact not in found.strange},
            )
        self._state.weighed = found
        self._raise_to(found.severity, f"facts:{declaration.person}")

    def _triaged(self) -> bool:
        return any(one.outcome is not None for one in self._state.of(DecisionKind.TRIAGE))

    def _learned(self) -> dict[str, str]:
        return escalate(self._state.findings).at_least if self._state.findings else {}

    def _call(
        self, at_least: dict[str, str], *, insist: bool = False, fresh: tuple[str, ...] = ()
    ) -> WeighCall:
        return WeighCall(
            incident=self._opening.incident,
            at_least=at_least,
            insist=insist,
            stated=dict(self._state.facts),
            also=tuple(self._state.taken_in),
            fresh=fresh,
        )

    async def _weighed(self, at_least: dict[str, str], *, insist: bool = False) -> Band:
        return await workflow.execute_activity_method(
            SeverityActivities.weigh,
            self._call(at_least, insist=insist),
            start_to_close_timeout=WEIGH_TIMEOUT,
            retry_policy=WEIGH_RETRIES,
        )

    def _raise_to(self, band: Band, because: str) -> None:
        if band <= self._state.severity:
            return
        before, self._state.severity = self._state.severity, band
        self._tape.add(Kind.SEVERITY_RAISED, subject=because, before=before.value, after=band.value)
        self._levers.order()
        self._tasks.raised()
        self.join()
