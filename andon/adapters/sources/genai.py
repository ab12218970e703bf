"""Which kind of evidence each OpenTelemetry attribute is.

Names are those of the GenAI conventions as of 2026 and the older ones still sent: `gen_ai.system`,
`gen_ai.prompt`, `gen_ai.completion`, message events, and OpenInference's `llm.*`. Those of the
conventions are still in development (open-telemetry/semantic-conventions-genai), hence our own table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_NAMES: Final[dict[str, str]] = {
    "gen_ai.system_instructions": "system_prompt",
    "gen_ai.input.messages": "input",
    "gen_ai.prompt": "input",
    "gen_ai.output.messages": "output",
    "gen_ai.completion": "output",
    "gen_ai.response.id": "output",
    "gen_ai.response.finish_reasons": "output",
    "gen_ai.prompt.name": "prompt",
    "gen_ai.prompt.version": "prompt_version",
    "gen_ai.provider.name": "model_identity_and_config",
    "gen_ai.system": "model_identity_and_config",
    "gen_ai.response.model": "model_identity_and_config",
    "llm.model_name": "model_identity_and_config",
    "gen_ai.retrieval.query.text": "retrieved_context",
    "gen_ai.retrieval.documents": "retrieved_context",
    "gen_ai.data_source.id": "retrieved_context",
    "gen_ai.tool.definitions": "tool_definition",
    "gen_ai.tool.name": "tool_call",
    "gen_ai.tool.call.id": "tool_call",
    "gen_ai.tool.call.arguments": "tool_call",
    "gen_ai.tool.call.result": "tool_result",
    "gen_ai.agent.id": "permission_check",
    "feature_flag.key": "permission_check",
    "gen_ai.agent.version": "deployment_history",
    "gen_ai.conversation.id": "user_request_or_business_event",
    "gen_ai.workflow.name": "user_request_or_business_event",
}

_PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("gen_ai.request.", "model_identity_and_config"),
    ("gen_ai.evaluation.", "structured_validation_result"),
    ("gen_ai.usage.", "monitoring_signal"),
    ("llm.input_messages", "input"),
    ("llm.output_messages", "output"),
    ("llm.token_count", "monitoring_signal"),
    ("retrieval.documents", "retrieved_context"),
)

_EVENTS: Final[dict[str, str]] = {
    "gen_ai.system.message": "system_prompt",
    "gen_ai.user.message": "input",
    "gen_ai.assistant.message": "output",
    "gen_ai.choice": "output",
    "gen_ai.tool.message": "tool_result",
    "gen_ai.evaluation.result": "structured_validation_result",
}

_ERROR: Final = 2
"""Status code of a span that failed, in OTLP."""

TRACE_KIND: Final = "application_log"
"""Kind of the whole trace, kept beside its parts."""

WINDOW_KIND: Final = "monitoring_signal"

KINDS: Final = frozenset(
    {*_NAMES.values(), *_EVENTS.values(), *(kind for _, kind in _PREFIXES), "tool_error_retry", TRACE_KIND}
)
"""Every kind that spans can give."""


def kind_of(name: str) -> str | None:
    """Return the kind of evidence an attribute is, or None if it is only context."""
    if name in _NAMES:
        return _NAMES[name]
    return next((kind for prefix, kind in _PREFIXES if name.startswith(prefix)), None)


def parts(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield what one span holds of evidence, as kind, name and value."""
    for name, value in attributes.items():
        kind = kind_of(name)
        if kind is not None:
            yield kind, name, value
    for event in attributes.get("otel.events", ()):
        if isinstance(event, Mapping) and event.get("name") in _EVENTS:
            yield _EVENTS[event["name"]], event["name"], event.get("attributes", {})
    status = attributes.get("otel.status")
    if isinstance(status, Mapping) and status.get("code") == _ERROR and "gen_ai.tool.name" in attributes:
        yield "tool_error_retry", "otel.status", status
