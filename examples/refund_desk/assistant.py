"""The assistant: retrieve policy, ask the model, pay or answer, and stop wherever a switch says so."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from string import Template
from typing import Any, Final

from opentelemetry.trace import Span

from examples.refund_desk import switches, telemetry
from examples.refund_desk.chat import (
    Completion,
    Message,
    ModelClient,
    ModelUnavailableError,
    Spoken,
    ToolCall,
)
from examples.refund_desk.refunds import RefundBook, RefundCall
from examples.refund_desk.releases import Release
from examples.refund_desk.retrieval import Passage, PolicyIndex
from examples.refund_desk.switches import DESK, Permission, Switches
from examples.refund_desk.telemetry import Tracing
from examples.refund_desk.tickets import Action, Notice, PaidRefund, Reply, Ticket
from examples.refund_desk.tools import ISSUE_REFUND, ToolCallError, refund_call

CALM: Final = "Thank you for writing to us. A colleague will answer your ticket personally."
WITH_A_REVIEWER: Final = "Thank you for writing to us. A colleague checks our answer before you get it."
MODEL_AWAY: Final = Notice(incident=None, reason="The assistant cannot answer at the moment.", contact=DESK)


@dataclass(frozen=True)
class _Case:
    """One ticket on its way: what it is judged with and where it is recorded."""

    ticket: Ticket
    release: Release
    span: Span

    def reply(
        self, action: Action, answer: str, *, refund: PaidRefund | None = None, notice: Notice | None = None
    ) -> Reply:
        trace_id = telemetry.trace_id_of(self.span)
        return Reply(answer=answer, action=action, refund=refund, trace_id=trace_id, notice=notice)


class Assistant:
    """Answers one ticket at a time per thread; keeps nothing between tickets but its records."""

    def __init__(
        self,
        *,
        current_release: Callable[[], Release],
        index: PolicyIndex,
        model: ModelClient,
        desk_switches: Switches,
        book: RefundBook,
        tracing: Tracing,
    ) -> None:
        self._current_release = current_release
        self._index = index
        self._model = model
        self._switches = desk_switches
        self._book = book
        self._tracing = tracing

    def answer(self, ticket: Ticket) -> Reply:
        """Bring a ticket to its end. Blocking; safe to repeat: a ticket is refunded once.

        Raises:
            TicketConflictError: the ticket id is another account's.
            ReleaseError: there is no release to run.
        """
        release = self._current_release()
        with self._tracing.agent(ticket, release) as span:
            case = _Case(ticket, release, span)
            try:
                reply = self._worked(case)
            except ModelUnavailableError as error:
                span.record_exception(error)
                reply = self._left_to_people(case, MODEL_AWAY)
            telemetry.answered(span, reply)
            return reply

    def _worked(self, case: _Case) -> Reply:
        if (paid := self._book.paid_for(case.ticket)) is not None:
            return case.reply(Action.REFUNDED, "This ticket was refunded before.", refund=paid)
        for permission in (self._switches.permission(switches.ALLOWED), self._switches.turn()):
            if not permission.allowed:
                return self._denied(case, permission)
        source = self._switches.permission(switches.POLICIES)
        passages = self._retrieved(case) if source.allowed else []
        messages = _opening(case, passages)
        spoken = self._asked(case, messages).spoken
        for permission in (source, self._switches.permission(switches.UNREVIEWED)):
            if not permission.allowed:
                return self._held_for_review(case, spoken, permission)
        if spoken.tool_calls:
            return self._called(case, messages, spoken)
        if spoken.refusal is not None:
            return case.reply(Action.REFUSED, spoken.refusal)
        return case.reply(Action.ANSWERED, spoken.content or CALM)

    def _retrieved(self, case: _Case) -> list[Passage]:
        with self._tracing.retrieval(case.ticket.text) as span:
            passages = self._index.search(case.ticket.text, case.release.config.retrieved_passages)
            telemetry.found(span, passages)
            return passages

    def _asked(self, case: _Case, messages: list[Message]) -> Completion:
        with self._tracing.chat(case.release, messages) as span:
            completion = self._model.complete(case.release, messages)
            telemetry.completed(span, completion)
            return completion

    def _called(self, case: _Case, messages: list[Message], spoken: Spoken) -> Reply:
        wanted = spoken.tool_calls[0]
        try:
            call = refund_call(wanted, case.release, case.ticket)
        except ToolCallError as error:
            return self._sent_to_review(case, spoken, str(error))
        if call.amount_cents > case.release.config.review_above_cents:
            return self._sent_to_review(case, spoken, "above the limit for refunds without a person")
        outcome = self._paid(case, wanted, call)
        if isinstance(outcome, Permission):
            return self._denied(case, outcome)
        answer = self._worded(case, [*messages, spoken.as_message()], wanted, outcome)
        return case.reply(Action.REFUNDED, answer, refund=outcome)

    def _paid(self, case: _Case, wanted: ToolCall, call: RefundCall) -> PaidRefund | Permission:
        began_ns = time.time_ns()
        outcome = self._book.pay(
            case.ticket,
            call,
            release=case.release.release,
            trace_id=telemetry.trace_id_of(case.span),
            permit=lambda: self._switches.permission(switches.ISSUE_REFUND),
        )
        if isinstance(outcome, PaidRefund):
            self._tracing.tool_ran(
                ISSUE_REFUND,
                wanted.id,
                began_ns=began_ns,
                arguments=wanted.function.arguments,
                result=_result(outcome),
            )
        return outcome

    def _worded(self, case: _Case, messages: list[Message], wanted: ToolCall, paid: PaidRefund) -> str:
        """Let the model say what was done; the money has moved, so its silence changes nothing."""
        content = json.dumps(_result(paid))
        told: Message = {"role": "tool", "tool_call_id": wanted.id, "content": content}
        try:
            spoken = self._asked(case, [*messages, told]).spoken
        except ModelUnavailableError as error:
            case.span.record_exception(error)
            return "Your refund has been issued."
        return spoken.content or "Your refund has been issued."

    def _denied(self, case: _Case, permission: Permission) -> Reply:
        telemetry.note_denial(case.span, permission)
        return self._left_to_people(case, permission.notice)

    def _left_to_people(self, case: _Case, notice: Notice) -> Reply:
        self._book.queue_for_people(case.ticket, notice)
        return case.reply(Action.PAUSED, CALM, notice=notice)

    def _held_for_review(self, case: _Case, spoken: Spoken, permission: Permission) -> Reply:
        telemetry.note_denial(case.span, permission)
        return self._sent_to_review(case, spoken, permission.notice.reason, notice=permission.notice)

    def _sent_to_review(
        self, case: _Case, spoken: Spoken, reason: str, *, notice: Notice | None = None
    ) -> Reply:
        calls = [call.function.model_dump(mode="json") for call in spoken.tool_calls]
        self._book.queue_for_review(
            case.ticket,
            draft=spoken.content or spoken.refusal or "",
            proposed_call=json.dumps(calls) if calls else None,
            reason=reason,
            incident=notice.incident if notice else None,
        )
        return case.reply(Action.SENT_TO_REVIEW, WITH_A_REVIEWER, notice=notice)


def _opening(case: _Case, passages: list[Passage]) -> list[Message]:
    # Escaped, so that a ticket can't close the tags a prompt puts around it.
    text = html.escape(case.ticket.text, quote=False)
    found = "\n".join(f"[{passage.id}] {passage.text}" for passage in passages) or "(none)"
    places = {"account": case.ticket.account_id, "passages": found, "text": text}
    user = Template(case.release.prompt.user_template).substitute(places)
    return [{"role": "system", "content": case.release.prompt.system}, {"role": "user", "content": user}]


def _result(paid: PaidRefund) -> dict[str, Any]:
    return {"status": "refunded", **paid.model_dump(mode="json")}
