"""Asking people: the one way a question is put, timed, answered and settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow

from andon.domain.clock import Alarm, AlarmKind
from andon.domain.course import Step, count, falls_due, void
from andon.domain.decision import Binding, DecisionKind, DecisionRecord, DecisionRequest
from andon.domain.errors import SignatureError
from andon.domain.incident import Answered, Exhibit, IncidentState, OpenIncident
from andon.domain.ledger import Kind
from andon.domain.response import REFUSALS_KEPT, Refusal, Statement, Verdict, judge, read_statement
from andon.domain.rights import NO_BINDING, Asking
from andon.domain.signing import Envelope
from workflows.clock import Clock, Due
from workflows.notices import Notices
from workflows.tape import Tape


class Decisions:
    """Keeps the questions of one incident and their clocks."""

    def __init__(
        self, opening: OpenIncident, state: IncidentState, tape: Tape, notices: Notices, clock: Clock
    ) -> None:
        self._opening = opening
        self._state = state
        self._tape = tape
        self._notices = notices
        clock.serve(self._due)
        self._refuses: Callable[[Statement], bool] = lambda _: False

    def refuse_while(self, held: Callable[[Statement], bool]) -> None:
        """Have `held` say which answers are refused because legal holds the evidence."""
        self._refuses = held

    async def ask(
        self,
        kind: DecisionKind,
        binding: Callable[[], Binding] = lambda: NO_BINDING,
        *,
        nth: int = 0,
        past_default: bool = False,
    ) -> DecisionRecord:
        """Put a question, unless it stands already, and return its record once it has an effect.

        `nth` counts the settled questions of this kind that came before: if there is one more, it
        is the answer, so that a run carried over does not ask again. The safe default is an effect
        too, unless `past_default`: then it is recorded and people are waited for. A question that
        expires, or whose binding has changed, is put again.
        """
        settled = [record for record in self._state.of(kind) if record.outcome is not None]
        if len(settled) > nth:
            return settled[nth]
        while True:
            question = self._standing(kind, binding()) or self.put(kind, self._asking(binding()))

            def has_effect(question: str = question) -> bool:
                record = self._state.decisions[question]
                return not record.open or (record.defaulted and not past_default)

            await workflow.wait_condition(has_effect)
            record = self._state.decisions[question]
            if not record.superseded:
                return record

    async def settled(self, kind: DecisionKind) -> DecisionRecord | None:
        """Wait for what people say although the safe default has applied; None: it is asked no more."""
        await workflow.wait_condition(lambda: not any(record.open for record in self._state.of(kind)))
        return next((record for record in self._state.of(kind) if record.outcome is not None), None)

    async def respond(self, envelope: Envelope) -> Answered:
        """Judge an answer, record what became of it, and return once that is stored."""
        try:
            statement = read_statement(envelope, self._opening.plan.trusted)
        except SignatureError:
            return await self.refuse_unread(Refusal.SIGNATURE)
        verdict = self._judged(statement)
        if verdict.accepted:
            self._accept(statement, envelope, verdict)
        else:
            self._refuse(statement, verdict)
        await self._tape.stored()
        record = self._state.decisions.get(statement.decision)
        return Answered(
            decision=statement.decision,
            accepted=verdict.accepted,
            refusal=verdict.refusal,
            late=verdict.late,
            outcome=record.outcome if record else None,
        )

    async def refuse_unread(self, refusal: Refusal) -> Answered:
        """Record an answer that can't be traced to anybody."""
        if self.counts_once_more("unread/unknown"):
            self._tape.add(Kind.RESPONSE_REFUSED, actor="unknown", facts={"refusal": refusal.value})
        await self._tape.stored()
        return Answered(decision="", accepted=False, refusal=refusal)

    def supersede(self, kind: DecisionKind) -> None:
        """Void the standing question of a kind: what it was bound to has changed."""
        for record in self._state.of(kind):
            if record.open:
                self._take(void(record, workflow.now()))

    def ask_again(self, why: str) -> None:
        """Tell those who are asked once more of every open question; its clock goes on as it was."""
        for record in self._state.decisions.values():
            if record.open:
                self._notices.question(record.request, again=why)

    def stands(self, question: str) -> bool:
        """Whether a question is open."""
        record = self._state.decisions.get(question)
        return record is not None and record.open

    def bring_forward(self, kind: DecisionKind, deadline: datetime) -> None:
        """Put the open question of a kind anew if it was due later than this."""
        for record in self._state.of(kind):
            due = record.request.deadline
            if record.open and due is not None and deadline < due:
                self.extend(record.request.id, deadline - due)

    def extend(self, question: str, more: timedelta) -> None:
        """Put an open question anew with a later deadline; answers given so far are asked for again."""
        if not self.stands(question):
            return
        request = self._state.decisions[question].request
        later = (request.deadline or workflow.now()) + more
        asking = self._asking(request.binding).model_copy(
            update={
                "requested_by": request.requested_by,
                "about": request.about,
                "subject": request.subject,
                "subject_text": request.subject_text,
                "deadline": later,
            }
        )
        self.put(request.kind, asking)

    def _asking(self, binding: Binding) -> Asking:
        state = self._state
        return Asking(
            band=state.severity,
            fixers=tuple(state.fixers),
            binding=binding,
            lifted=tuple(state.lifted),
            cause=state.findings.get("root_cause", "unknown"),
        )

    def _standing(self, kind: DecisionKind, binding: Binding) -> str | None:
        for record in self._state.of(kind):
            if record.open and record.request.binding == binding:
                return record.request.id
        return None

    def put(self, kind: DecisionKind, asking: Asking) -> str:
        """Put a question, in place of a standing one of its kind, and return its id."""
        self.supersede(kind)
        request = self._opening.plan.ask(
            kind,
            len(self._state.of(kind)) + 1,
            asking,
            incident=self._opening.incident,
            at=workflow.now(),
        )
        self._state.decisions[request.id] = DecisionRecord(request=request)
        self._tape.add(
            Kind.DECISION_OPENED,
            subject=request.id,
            digests={"request": request.digest()},
            facts={"deadline": request.deadline.isoformat()} if request.deadline else {},
        )
        self._notices.question(request)
        return request.id

    def _due(self) -> list[Due]:
        """List what falls due next on each open question."""
        return [
            Due(at, question, partial(self._step, step))
            for question, record in self._state.decisions.items()
            for at, step in falls_due(record)
        ]

    def _step(self, step: Callable[[], Step]) -> None:
        self._take(step())

    def _take(self, step: Step) -> None:
        """Take a step of a question: remember it, write it down, tell whom it concerns."""
        request = step.record.request
        self._state.decisions[request.id] = step.record
        for one in step.happened:
            self._tape.add(
                one.kind,
                actor=one.actor,
                subject=request.id,
                after=one.after,
                at=one.at,
                reason=one.reason,
                digests=one.digests,
                facts=one.facts,
            )
            if one.alarm is not None:
                self._tell(request, one.alarm)

    def _tell(self, request: DecisionRequest, alarm: Alarm) -> None:
        if alarm.kind is AlarmKind.REMINDER:
            self._notices.reminder(request)
        elif alarm.kind is AlarmKind.RUNG and alarm.role is not None:
            self._notices.escalation(request, alarm.rung + 1, alarm.role)

    def _judged(self, statement: Statement) -> Verdict:
        record = self._state.decisions.get(statement.decision)
        if statement.nonce in self._state.nonces:
            return Verdict(refusal=Refusal.REPLAYED)
        if self._refuses(statement):
            return Verdict(refusal=Refusal.EVIDENCE_HOLD)
        return judge(
            statement,
            record.request if record else None,
            statement.standing,
            accepted=record.accepted if record else (),
            decided=record is not None and record.outcome is not None,
            superseded=record is not None and record.superseded,
        )

    def _accept(self, statement: Statement, envelope: Envelope, verdict: Verdict) -> None:
        digest = envelope.digest()
        self._state.nonces.append(statement.nonce)
        self._tape.exhibit(Exhibit(digest=digest, envelope=envelope))
        record = self._state.decisions[statement.decision]
        self._take(count(record, statement, digest, verdict, workflow.now()))

    def _refuse(self, statement: Statement, verdict: Verdict) -> None:
        if not self.counts_once_more(f"{statement.decision}/{statement.person}"):
            return
        self._tape.add(
            Kind.RESPONSE_REFUSED,
            actor=f"person:{statement.person}",
            subject=statement.decision[:64],
            reason=statement.reason,
            facts={
                "refusal": str(verdict.refusal),
                "role": statement.role.value,
                "option": statement.option[:64],
            },
        )

    def counts_once_more(self, who: str) -> bool:
        """Count a refusal; False once somebody has had so many that further ones are only counted."""
        counts = self._state.refusals
        counts[who] = counts.get(who, 0) + 1
        return counts[who] <= REFUSALS_KEPT
