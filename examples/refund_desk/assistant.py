"""The assistant: retrieve policy, ask the model, pay or answer, and stop wherever a switch says so."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from examples.refund_desk.levers import DeskLevers
from examples.refund_desk.refunds import RefundBook, RefundCall
from examples.refund_desk.releases import Release
from examples.refund_desk.retrieval import Passage
from examples.refund_desk.switches import DESK, Permission, Switches
from examples.refund_desk.telemetry import Tracing
from examples.refund_desk.tickets import Action, Notice, PaidRefund, Reply, Source, Ticket
from examples.refund_desk.tools import ISSUE_REFUND, ToolCallError, refund_call
from examples.refund_desk.words import CALM, REFUND_ISSUED, WITH_A_REVIEWER, told

MODEL_AWAY: Final = Notice(incident=None, reason="The assistant cannot answer at the moment.", contact=DESK)


@dataclass(frozen=True)
class _Case:
    """One ticket on its way: what it is judged with and where it is recorded."""

    ticket: Ticket
    release: Release
    span: Span
    passages: tuple[Passage, ...] = ()

    def reply(
        self, action: Action, answer: str, *, refund: PaidRefund | None = None, notice: Notice | None = None
    ) -> Reply:
        trace_id = telemetry.trace_id_of(self.span)
        sources = tuple(Source(id=one.id, sha256=one.sha256) for one in self.passages) or None
        return Reply(
            answer=answer, action=action, refund=refund, trace_id=trace_id, notice=notice, sources=sources
        )


class Assistant:
    """Answers one ticket at a time per thread; keeps nothing between tickets but its records."""

    def __init__(
        self,
        *,
        current_release: Callable[[], Release],
        levers: DeskLevers,
        model: ModelClient,
        desk_switches: Switches,
        book: RefundBook,
        tracing: Tracing,
    ) -> None:
        self._current_release = current_release
        self._levers = levers
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
            reply = self._levers.filtered(reply, ticket)
            telemetry.answered(span, reply)
            return reply

    def _worked(self, case: _Case) -> Reply:
        if (paid := self._book.paid_for(case.ticket)) is not None:
            return case.reply(Action.REFUNDED, "This ticket was refunded before.", refund=paid)
        denying = (one for one in self._questions(case.ticket.account_id) if not one.allowed)
        if (denial := next(denying, None)) is not None:
            return self._denied(case, denial)
        sources = self._sources(case.ticket.account_id)
        if all(source.allowed for source in sources):
            case = replace(case, passages=tuple(self._retrieved(case)))
        messages = _opening(case)
        spoken = self._asked(case, messages).spoken
        unreviewed = self._switches.permission(switches.UNREVIEWED, case.ticket.account_id)
        holding = next((one for one in (*sources, unreviewed) if not one.allowed), None)
        if holding is not None:
            return self._held_for_review(case, spoken, holding)
        return self._acted(case, messages, spoken)

    def _acted(self, case: _Case, messages: list[Message], spoken: Spoken) -> Reply:
        if spoken.tool_calls:
            return self._called(case, messages, spoken)
        if spoken.refusal is not None:
            return case.reply(Action.REFUSED, spoken.refusal)
        return case.reply(Action.ANSWERED, spoken.content or CALM)

    def _questions(self, account_id: str) -> Iterator[Permission]:
        """Ask, one after the other, what a ticket needs before anything is done with it."""
        yield self._switches.permission(switches.ALLOWED, account_id)
        yield self._switches.permission(switches.SESSION, account_id)
        yield self._levers.assistant()
        yield self._switches.turn(account_id)

    def _sources(self, account_id: str) -> tuple[Permission, ...]:
        return self._switches.permission(switches.POLICIES, account_id), self._levers.policies()

    def _retrieved(self, case: _Case) -> list[Passage]:
        with self._tracing.retrieval(case.ticket.text) as span:
            passages = self._levers.source.search(case.ticket.text, case.release.config.retrieved_passages)
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
        limit = case.release.config.review_above_cents
        within = call.amount_cents <= limit
        rule = f"refunds of up to {limit} cents need no person"
        telemetry.approved(case.span, "approved" if within else "waits_for_a_person", rule)
        if not within:
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
            sources=case.passages,
            permit=lambda: self._switches.permission(switches.ISSUE_REFUND, case.ticket.account_id),
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
            return REFUND_ISSUED
        return spoken.content or REFUND_ISSUED

    def _denied(self, case: _Case, permission: Permission) -> Reply:
        telemetry.note_denial(case.span, permission)
        return self._left_to_people(case, permission.notice, permission.key)

    def _left_to_people(self, case: _Case, notice: Notice, key: str = "") -> Reply:
        self._book.queue_for_people(case.ticket, notice)
        return case.reply(Action.PAUSED, told(notice, key=key, first=CALM), notice=notice)

    def _held_for_review(self, case: _Case, spoken: Spoken, permission: Permission) -> Reply:
        telemetry.note_denial(case.span, permission)
        return self._sent_to_review(case, spoken, permission.notice.reason, held=permission)

    def _sent_to_review(
        self, case: _Case, spoken: Spoken, reason: str, *, held: Permission | None = None
    ) -> Reply:
        calls = [call.function.model_dump(mode="json") for call in spoken.tool_calls]
        self._book.queue_for_review(
            case.ticket,
            draft=spoken.content or spoken.refusal or "",
            proposed_call=json.dumps(calls) if calls else None,
            reason=reason,
            incident=held.notice.incident if held else None,
        )
        if held is None:
            return case.reply(Action.SENT_TO_REVIEW, WITH_A_REVIEWER)
        answer = told(held.notice, key=held.key, first=WITH_A_REVIEWER)
        return case.reply(Action.SENT_TO_REVIEW, answer, notice=held.notice)


def _opening(case: _Case) -> list[Message]:
    # Escaped, so that a ticket can't close the tags a prompt puts around it.
    text = html.escape(case.ticket.text, quote=False)
    found = "\n".join(f"[{passage.id}] {passage.text}" for passage in case.passages) or "(none)"
    places = {"account": case.ticket.account_id, "passages": found, "text": text}
    user = Template(case.release.prompt.user_template).substitute(places)
    return [{"role": "system", "content": case.release.prompt.system}, {"role": "user", "content": user}]


def _result(paid: PaidRefund) -> dict[str, Any]:
    return {"status": "refunded", **paid.model_dump(mode="json")}
