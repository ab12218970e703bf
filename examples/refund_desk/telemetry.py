"""Spans of the desk after the OpenTelemetry GenAI conventions, sent over OTLP/HTTP protobuf.

Prompts, tickets, tool arguments and answers are recorded on the spans on purpose: without them nobody can
say afterwards why the assistant did what it did. Attribute names are those of the conventions' own
repository (status: development); names that start with `refund_desk.` are ours, those that
start with `andon.` are for what the conventions have no name for.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, set_span_in_context
from opentelemetry.util.types import AnyValue

from examples.refund_desk.chat import Completion, Message
from examples.refund_desk.releases import Release
from examples.refund_desk.retrieval import Passage
from examples.refund_desk.switches import SYSTEM, Permission
from examples.refund_desk.tickets import Reply, Ticket

EXPORT_EVERY_MS: Final = 200
EXPORT_TIMEOUT_SECONDS: Final = 2.0
QUEUED_SPANS: Final = 2048
TRY_FOR_SECONDS: Final = 60.0
TRY_EVERY_SECONDS: Final = 0.25


class UntilTaken(SpanExporter):
    """Sends a batch again until the receiver takes it: the spans of a failure are its only witnesses.

    The exporter's own pauses double up to half a minute; a receiver that restarts is back sooner, and
    whoever preserves evidence asks for the spans at once. Later spans wait in the processor's queue.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._closing = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Return once the batch is taken, given up after a minute, or the desk closes."""
        end = time.monotonic() + TRY_FOR_SECONDS
        while True:
            result = self._exporter.export(spans)
            if result is SpanExportResult.SUCCESS or time.monotonic() > end:
                return result
            if self._closing.wait(TRY_EVERY_SECONDS):
                return result

    def close(self) -> None:
        """From now on, try each batch once."""
        self._closing.set()

    def shutdown(self) -> None:
        """Stop sending."""
        self.close()
        self._exporter.shutdown()


def over_otlp(url: str, token: str) -> UntilTaken:
    """Return an exporter to `url` that authenticates itself with `token`."""
    return UntilTaken(
        OTLPSpanExporter(
            endpoint=f"{url.rstrip('/')}/v1/traces",
            headers={"authorization": f"Bearer {token}"},
            timeout=EXPORT_TIMEOUT_SECONDS,
        )
    )


def trace_id_of(span: Span) -> str:
    """Return the span's trace id as 32 hexadecimal digits."""
    return format(span.get_span_context().trace_id, "032x")


def note_denial(span: Span, permission: Permission) -> None:
    """Write on `span` which switch held the desk back, and for which incident."""
    span.set_attribute("feature_flag.key", permission.key)
    span.set_attribute("refund_desk.denied", permission.key)
    span.set_attribute("refund_desk.denied.reason", permission.notice.reason)
    if permission.notice.incident is not None:
        span.set_attribute("refund_desk.denied.incident", permission.notice.incident)


class Tracing:
    """Starts the desk's spans; without an exporter they only give trace ids."""

    def __init__(self, exporter: UntilTaken | None) -> None:
        self._exporter = exporter
        self._provider = TracerProvider(resource=Resource.create({"service.name": SYSTEM}))
        if exporter is not None:
            self._provider.add_span_processor(
                BatchSpanProcessor(
                    exporter,
                    max_queue_size=QUEUED_SPANS,
                    schedule_delay_millis=EXPORT_EVERY_MS,
                    max_export_batch_size=256,
                    export_timeout_millis=EXPORT_TIMEOUT_SECONDS * 1000,
                )
            )
        self._tracer = self._provider.get_tracer("examples.refund_desk")

    @contextmanager
    def agent(self, ticket: Ticket, release: Release) -> Iterator[Span]:
        """One ticket, from its arrival to its answer."""
        attributes = {
            **_operation("invoke_agent", release),
            "gen_ai.agent.id": SYSTEM,
            "gen_ai.agent.name": SYSTEM,
            "gen_ai.agent.version": release.release,
            "gen_ai.conversation.id": ticket.ticket_id,
            "andon.output.id": ticket.ticket_id,
            "user.roles": ["customer"],
            "gen_ai.input.messages": _json([_said("user", ticket.text)]),
            "refund_desk.account_id": ticket.account_id,
        }
        with self._tracer.start_as_current_span(f"invoke_agent {SYSTEM}", attributes=attributes) as span:
            yield span

    @contextmanager
    def retrieval(self, query: str) -> Iterator[Span]:
        """One search in the policy passages."""
        attributes = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": "policies",
            "gen_ai.retrieval.query.text": query,
        }
        with self._tracer.start_as_current_span("retrieval policies", attributes=attributes) as span:
            yield span

    @contextmanager
    def chat(self, release: Release, messages: list[Message]) -> Iterator[Span]:
        """One question to the model."""
        system = [m for m in messages if m["role"] == "system"]
        asked = [_converted(m) for m in messages if m["role"] != "system"]
        attributes: dict[str, AnyValue] = {
            **_operation("chat", release),
            "gen_ai.request.model": release.model.name,
            "gen_ai.request.temperature": 0.0,
            "gen_ai.system_instructions": _json([_text(m["content"]) for m in system]),
            "gen_ai.input.messages": _json(asked),
            "gen_ai.tool.definitions": _json([t.model_dump(mode="json") for t in release.tools.definitions]),
        }
        name = f"chat {release.model.name}"
        with self._tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes) as span:
            yield span

    def tool_ran(
        self, name: str, call_id: str, *, began_ns: int, arguments: str, result: dict[str, Any]
    ) -> None:
        """Write the span of a tool call that took effect.

        It is written once the outcome is known: a call that a switch stopped is no execution, and the
        absence of these spans is what shows from outside that the tool is off.
        """
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call_id,
            "gen_ai.tool.call.arguments": arguments,
            "gen_ai.tool.call.result": _json(result),
        }
        span = self._tracer.start_span(f"execute_tool {name}", attributes=attributes, start_time=began_ns)
        done = {
            "andon.action.name": name,
            "andon.action.outcome": str(result.get("status", "")),
            "andon.action.target": str(result.get("account_id", "")),
        }
        within = set_span_in_context(span)
        self._tracer.start_span("pay_out", context=within, attributes=done, start_time=began_ns + 1).end()
        span.end(time.time_ns())

    def close(self) -> None:
        """Send what is queued and stop; bounded by the export timeout."""
        if self._exporter is not None:
            self._exporter.close()
        self._provider.shutdown()


def found(span: Span, passages: list[Passage]) -> None:
    """Write on a retrieval span what it brought."""
    documents = [{"id": p.id, "score": p.score, "sha256": p.sha256, "content": p.text} for p in passages]
    span.set_attribute("gen_ai.retrieval.documents", _json(documents))


def approved(span: Span, decision: str, rule: str) -> None:
    """Write on `span` whether a person has to see what comes next, and by which rule."""
    attributes = {
        "andon.approval.decision": decision,
        "andon.approval.role": "rule",
        "andon.approval.rule": rule,
    }
    span.add_event("andon.approval", attributes)


def completed(span: Span, completion: Completion) -> None:
    """Write on a chat span what the model said."""
    reason = completion.choices[0].finish_reason
    said = {**_converted(completion.spoken.as_message()), "finish_reason": reason}
    if completion.spoken.refusal is not None:
        said["parts"] = [_text(completion.spoken.refusal)]
    span.set_attribute("gen_ai.response.id", completion.id)
    span.set_attribute("gen_ai.response.model", completion.model)
    span.set_attribute("gen_ai.response.finish_reasons", [reason])
    span.set_attribute("gen_ai.output.messages", _json([said]))
    span.set_attribute("gen_ai.usage.input_tokens", completion.usage.prompt_tokens)
    span.set_attribute("gen_ai.usage.output_tokens", completion.usage.completion_tokens)


def answered(span: Span, reply: Reply) -> None:
    """Write on an agent span how the ticket ended."""
    span.set_attribute("gen_ai.output.messages", _json([_said("assistant", reply.answer)]))
    span.set_attribute("refund_desk.action", reply.action.value)


def _operation(name: str, release: Release) -> dict[str, str]:
    return {
        "gen_ai.operation.name": name,
        "gen_ai.provider.name": release.model.provider,
        "gen_ai.prompt.name": release.prompt.id,
        "gen_ai.prompt.version": release.prompt.version,
    }


def _json(value: list[Any] | dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def _said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [_text(content)]}


def _converted(message: Message) -> dict[str, Any]:
    """Return a chat completions message in the form of the conventions: a role and typed parts."""
    if message["role"] == "tool":
        part = {"type": "tool_call_response", "id": message["tool_call_id"], "response": message["content"]}
        return {"role": "tool", "parts": [part]}
    parts = [_text(message["content"])] if message.get("content") else []
    for call in message.get("tool_calls", ()):
        function = call["function"]
        parts.append({"type": "tool_call", "id": call["id"], **function})
    return {"role": message["role"], "parts": parts}
