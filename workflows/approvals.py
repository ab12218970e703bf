"""What people ask to have decided, and what is carried out once they have."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow

from activities.release import BREAK_GLASS
from andon.domain.custody import READ_FOR
from andon.domain.decision import DecisionKind, DecisionRecord, Exclusion
from andon.domain.directory import Role
from andon.domain.errors import SignatureError
from andon.domain.gate import GateException
from andon.domain.incident import IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.proposal import Proposal, Proposed, judge_proposal, read_proposal
from andon.domain.response import Refusal
from andon.domain.rights import Asking
from andon.domain.severity import Band
from andon.domain.signing import Envelope
from workflows.decisions import Decisions
from workflows.evidence_hold import EvidenceHolding
from workflows.excepting import may_be_excepted
from workflows.levers import Levers
from workflows.notices import Notices
from workflows.tape import Tape
from workflows.word import Word

TOLD: dict[tuple[DecisionKind, str], tuple[Role, ...]] = {
    (DecisionKind.CUSTOMER_NOTIFICATION, "notify"): (Role.COMMUNICATIONS,),
    (DecisionKind.PUBLIC_STATEMENT, "publish"): (Role.COMMUNICATIONS,),
    (DecisionKind.EXTERNAL_COUNSEL, "retain"): (Role.LEGAL, Role.EXECUTIVE),
    (DecisionKind.NOTIFY_REGULATOR, "notify"): (Role.LEGAL, Role.COMPLIANCE),
}
"""Who is told that they may go ahead outside. Andon itself sends nothing to anybody outside."""


class Approvals:
    """The decisions of one incident that people ask for, or that Andon puts beside the loop."""

    def __init__(
        self,
        opening: OpenIncident,
        state: IncidentState,
        tape: Tape,
        notices: Notices,
        decisions: Decisions,
        levers: Levers,
        *,
        holding: EvidenceHolding,
        begin: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        self._decisions = decisions
        self._word = Word(state, tape, decisions)
        self._levers = levers
        self._holding = holding
        self._begin = begin
        self._under_way: set[str] = set()
        self._served: dict[DecisionKind, Callable[[DecisionRecord, str], None]] = {}

    def serve(self, kind: DecisionKind, effect: Callable[[DecisionRecord, str], None]) -> None:
        """Have `effect` carry out what is decided on questions of a kind."""
        self._served[kind] = effect

    async def propose(self, envelope: Envelope) -> Proposed:
        """Judge a proposal, put its question, and return once that is stored."""
        try:
            proposal = read_proposal(envelope, self._opening.plan.trusted)
        except SignatureError:
            await self._decisions.refuse_unread(Refusal.SIGNATURE)
            return Proposed(kind=None, refusal=Refusal.SIGNATURE)
        refusal = self._judged(proposal)
        if refusal is not None:
            self._word.refuse(Kind.PROPOSAL_REFUSED, proposal, refusal)
            question = None
        else:
            self._word.take(Kind.PROPOSED, proposal, envelope)
            question = self._ask(proposal.kind, proposal)
        await self._tape.stored()
        return Proposed(kind=proposal.kind, decision=question, refusal=refusal)

    async def keep_acting(self) -> None:
        """Carry out each decision once it is settled; what was carried out is remembered."""
        while True:
            await workflow.wait_condition(lambda: self._settled() is not None)
            if (record := self._settled()) is not None:
                self._carry_out(record)

    def ask_for_what_costs(self) -> None:
        """Put the question for steps that stop something that earns money, or break the glass.

        Once: what people have decided is not asked again in a later run, nor overruled.
        """
        shutdowns = self._state.of(DecisionKind.SHUTDOWN_REVENUE_FEATURE)
        decided = any(record.outcome is not None for record in shutdowns)
        if decided or self._state.of(DecisionKind.RATIFICATION) or not self._levers.costly_ahead():
            return
        if self._state.evidence_hold is not None:
            self._begin(self._ask_once_lifted())
            return
        if self._state.severity is Band.CRITICAL and self._opening.harm_goes_on:
            self._decisions.supersede(DecisionKind.SHUTDOWN_REVENUE_FEATURE)
            self._levers.order_costly(BREAK_GLASS)
            self._ask(DecisionKind.RATIFICATION)
        elif not shutdowns:
            self._ask(DecisionKind.SHUTDOWN_REVENUE_FEATURE)

    async def _ask_once_lifted(self) -> None:
        """Put it off while legal holds the evidence; what can be undone stands all the while."""
        await self._holding.lifted("costly_steps")
        self.ask_for_what_costs()
        await self._levers.contain()

    def ask_about_customers(self) -> None:
        """Put the question whether customers are notified, unless it has been put."""
        if not self._state.of(DecisionKind.CUSTOMER_NOTIFICATION):
            self._ask(DecisionKind.CUSTOMER_NOTIFICATION)

    def _settled(self) -> DecisionRecord | None:
        return next(
            (
                record
                for name, record in self._state.decisions.items()
                if record.outcome is not None
                and name not in self._state.acted_on
                and name not in self._under_way
                and record.request.kind in self._effects()
            ),
            None,
        )

    def _carry_out(self, record: DecisionRecord) -> None:
        kind, outcome = record.request.kind, record.outcome or ""
        self._under_way.add(record.request.id)
        if told := TOLD.get((kind, outcome)):
            self._notices.word(kind.value, record.request.id, told)
        self._effects()[kind](record, outcome)
        if kind in (DecisionKind.SHUTDOWN_REVENUE_FEATURE, DecisionKind.RATIFICATION):
            # A lever that can't be proven must not hold up what else was decided.
            self._begin(self._contained(record))
        else:
            self._state.acted_on.append(record.request.id)

    async def _contained(self, record: DecisionRecord) -> None:
        """See what was ordered proven; after a refused ratification, then let go of what it was about."""
        await self._levers.contain()
        if record.request.kind is DecisionKind.RATIFICATION and record.outcome == "swap":
            await self._levers.release(record, authority=BREAK_GLASS)
            # A lever that was let go of is on record, even if nothing else happens for days.
            await self._tape.stored()
        self._state.acted_on.append(record.request.id)

    def _effects(self) -> dict[DecisionKind, Callable[[DecisionRecord, str], None]]:
        return {
            DecisionKind.CUSTOMER_NOTIFICATION: self._cleared,
            DecisionKind.PUBLIC_STATEMENT: self._cleared,
            DecisionKind.EXTERNAL_COUNSEL: self._cleared,
            DecisionKind.NOTIFY_REGULATOR: self._cleared,
            DecisionKind.SHUTDOWN_REVENUE_FEATURE: self._shut_down,
            DecisionKind.RATIFICATION: self._ratified,
            DecisionKind.SEVERITY_DOWNGRADE: self._lowered,
            DecisionKind.RAW_EVIDENCE: self._granted,
            DecisionKind.EXECUTIVE_OVERRIDE: self._lifted,
            DecisionKind.GATE_EXCEPTION: self._excepted,
            DecisionKind.THRESHOLD_CHANGE: self._repinned,
            DecisionKind.LEAD_TRANSFER: self._handed_over,
            DecisionKind.CLOCK_EXTENSION: self._extended,
            **self._served,
        }

    def _cleared(self, record: DecisionRecord, outcome: str) -> None:
        """Record that something may be said or done outside, or may not."""
        self._tape.add(
            Kind.CARRIED_OUT,
            subject=record.request.id,
            after=outcome,
            digests={"text": record.request.subject} if record.request.subject else {},
        )

    def _shut_down(self, record: DecisionRecord, outcome: str) -> None:
        if outcome == "shut_down":
            self._levers.order_costly(f"decision:{record.request.id}")

    def _ratified(self, record: DecisionRecord, outcome: str) -> None:
        """Swap what was refused: the strictest step that can be undone stands before it is let go."""
        if outcome == "swap":
            self._levers.order_strictest(f"decision:{record.request.id}")

    def _lowered(self, record: DecisionRecord, outcome: str) -> None:
        wanted = Band(record.request.about["severity"])
        if outcome != "lower" or wanted >= self._state.severity:
            return
        before, self._state.severity = self._state.severity, wanted
        self._tape.add(
            Kind.SEVERITY_LOWERED, subject=record.request.id, before=before.value, after=wanted.value
        )

    def _granted(self, record: DecisionRecord, outcome: str) -> None:
        if outcome == "release" and record.request.requested_by is not None:
            until = workflow.now() + READ_FOR
            self._state.granted[record.request.requested_by] = until
            self._tape.add(
                Kind.CARRIED_OUT,
                subject=record.request.id,
                after=outcome,
                facts={"person": record.request.requested_by, "until": until.isoformat()},
            )

    def _lifted(self, record: DecisionRecord, outcome: str) -> None:
        if outcome == "lift":
            self._state.lifted.append(Exclusion.FIXER)
            self._tape.add(Kind.CARRIED_OUT, subject=record.request.id, after=outcome)
            self._decisions.supersede(DecisionKind.RESTART)

    def _excepted(self, record: DecisionRecord, outcome: str) -> None:
        """Let the way back go on with the gate shut, under review, for some hours from now."""
        if outcome != "grant" or not may_be_excepted(self._state, self._opening.plan):
            return
        until = workflow.now() + timedelta(hours=int(record.request.about["hours"]))
        self._state.exception = GateException(decision=record.request.id, until=until)
        self._carried_out(record, outcome, until=until.isoformat())

    def _repinned(self, record: DecisionRecord, outcome: str) -> None:
        if outcome == "accept":
            self._state.pin = record.request.about["pin"]
            self._carried_out(record, outcome, pin=self._state.pin)

    def _carried_out(self, record: DecisionRecord, outcome: str, **facts: str) -> None:
        self._tape.add(Kind.CARRIED_OUT, subject=record.request.id, after=outcome, facts={**facts})

    def _handed_over(self, record: DecisionRecord, outcome: str) -> None:
        if outcome != "hand_over":
            return
        before, self._state.lead = self._state.lead, record.request.about["to"]
        self._state.lead_gone = self._state.lead_missed = False
        self._tape.add(
            Kind.LEAD_NAMED, subject=record.request.id, before=before or "", after=self._state.lead
        )

    def _extended(self, record: DecisionRecord, outcome: str) -> None:
        if outcome != "extend":
            return
        more = timedelta(hours=int(record.request.about["hours"]))
        self._decisions.extend(record.request.about["decision"], more)

    def _judged(self, proposal: Proposal) -> Refusal | None:
        if proposal.nonce in self._state.nonces:
            return Refusal.REPLAYED
        plan = self._opening.plan
        if proposal.kind is DecisionKind.GATE_EXCEPTION and not may_be_excepted(self._state, plan):
            return Refusal.GATE_NOT_SHUT
        about = proposal.about.get("decision")
        if about is not None and not self._decisions.stands(about):
            return Refusal.UNKNOWN_DECISION
        return judge_proposal(
            proposal,
            plan.rights.get(proposal.kind),
            proposal.standing,
            incident=self._opening.incident,
            policy=plan.policy,
            severity=self._state.severity,
            already_asked=any(record.open for record in self._state.of(proposal.kind)),
        )

    def _ask(self, kind: DecisionKind, proposal: Proposal | None = None) -> str:
        return self._decisions.put(
            kind,
            Asking(
                band=self._state.severity,
                fixers=tuple(self._state.fixers),
                requested_by=proposal.person if proposal else None,
                about=proposal.about if proposal else {},
                subject=proposal.subject if proposal else None,
                subject_text=proposal.subject_text if proposal else "",
            ),
        )
