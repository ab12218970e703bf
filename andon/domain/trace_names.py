"""The names under which applications send what happened in a trace, and which kind of evidence each is.

The GenAI conventions of OpenTelemetry have no stable release (open-telemetry/semantic-conventions-genai
at 002c8a6), hence a table of our own. It holds their names, the older ones still sent, those of
OpenInference, Traceloop and MLflow, and `andon.*` for what none of them has a name for.
"""

from __future__ import annotations

from typing import Final

REQUEST: Final = "user_request_or_business_event"
MODEL: Final = "model_identity_and_config"
CHECKED: Final = "structured_validation_result"
TRACE_KIND: Final = "application_log"
"""Kind of a trace kept whole, beside its parts."""

WINDOW_KIND: Final = "monitoring_signal"
"""Kind of the count of everything around the traces that were kept."""

FAILED_TOOL: Final = "tool_error_retry"
ACTION: Final = "downstream_action"

SHOWN: Final[dict[str, str]] = {
    "gen_ai.conversation.id": REQUEST,
    "gen_ai.workflow.name": REQUEST,
    "session.id": REQUEST,
    "andon.request.id": REQUEST,
    "andon.business_event": REQUEST,
    "user.roles": "user_role",
    "enduser.role": "user_role",
    "enduser.scope": "user_role",
    "andon.user.role": "user_role",
    "gen_ai.prompt.name": "prompt",
    "llm.prompt_template.name": "prompt",
    "gen_ai.prompt.version": "prompt_version",
    "llm.prompt_template.version": "prompt_version",
    "gen_ai.provider.name": MODEL,
    "gen_ai.system": MODEL,
    "gen_ai.response.model": MODEL,
    "gen_ai.output.type": MODEL,
    "llm.model_name": MODEL,
    "llm.provider": MODEL,
    "mlflow.llm.model": MODEL,
    "mlflow.llm.provider": MODEL,
    "llm.system": MODEL,
    "embedding.model_name": MODEL,
    "gen_ai.agent.id": "deployment_history",
    "gen_ai.agent.name": "deployment_history",
    "gen_ai.agent.version": "deployment_history",
    "service.version": "deployment_history",
    "deployment.environment.name": "deployment_history",
    "deployment.environment": "deployment_history",
    "vcs.ref.head.revision": "deployment_history",
    "gen_ai.response.id": "output",
    "gen_ai.response.finish_reasons": "output",
    "andon.output.id": "output",
    "gen_ai.data_source.id": "retrieved_context",
    "gen_ai.retrieval.top_k": "retrieved_context",
    "reranker.model_name": "retrieved_context",
    "reranker.top_k": "retrieved_context",
    "andon.retrieval.index_version": "retrieved_context",
    "andon.retrieval.newest": "retrieved_context",
    "andon.source_document.id": "source_document",
    "andon.source_document.version": "source_document",
    "andon.source_document.updated_at": "source_document",
    "gen_ai.tool.name": "tool_call",
    "gen_ai.tool.type": "tool_call",
    "gen_ai.tool.call.id": "tool_call",
    "tool.name": "tool_call",
    "tool.id": "tool_call",
    "tool_call.id": "tool_call",
    "tool_call.function.name": "tool_call",
    "andon.tool.retry": FAILED_TOOL,
    "http.request.resend_count": FAILED_TOOL,
    "feature_flag.key": "permission_check",
    "feature_flag.result.variant": "permission_check",
    "feature_flag.result.value": "permission_check",
    "feature_flag.result.reason": "permission_check",
    "feature_flag.provider.name": "permission_check",
    "andon.permission.name": "permission_check",
    "andon.permission.allowed": "permission_check",
    "andon.permission.rule": "permission_check",
    "andon.approval.id": "approval_record",
    "andon.approval.decision": "approval_record",
    "andon.approval.role": "approval_record",
    "andon.approval.rule": "approval_record",
    "andon.review.action": "reviewer_action",
    "andon.review.role": "reviewer_action",
    "andon.action.name": ACTION,
    "andon.action.id": ACTION,
    "andon.action.outcome": ACTION,
    "andon.action.reversible": ACTION,
    "andon.policy.id": "policy_version",
    "andon.policy.version": "policy_version",
    "andon.record.system": "affected_record",
    "andon.validation.name": CHECKED,
    "andon.validation.passed": CHECKED,
    "gen_ai.evaluation.name": CHECKED,
    "gen_ai.evaluation.score.value": CHECKED,
    "gen_ai.evaluation.score.label": CHECKED,
}
"""Names, versions, identifiers and verdicts: whoever may see the trace may read them."""

CONTENT: Final[dict[str, str]] = {
    "user.id": "user_role",
    "enduser.id": "user_role",
    "llm.prompt_template.template": "prompt",
    "llm.prompt_template.variables": "prompt",
    "gen_ai.system_instructions": "system_prompt",
    "gen_ai.input.messages": "input",
    "gen_ai.prompt": "input",
    "gen_ai.output.messages": "output",
    "gen_ai.completion": "output",
    "llm.invocation_parameters": MODEL,
    "gen_ai.agent.description": "deployment_history",
    "gen_ai.retrieval.query.text": "retrieved_context",
    "gen_ai.retrieval.documents": "retrieved_context",
    "andon.retrieval.filters": "retrieved_context",
    "andon.source_document.uri": "source_document",
    "gen_ai.tool.definitions": "tool_definition",
    "gen_ai.tool.description": "tool_definition",
    "tool.description": "tool_definition",
    "tool.json_schema": "tool_definition",
    "mlflow.chat.tools": "tool_definition",
    "gen_ai.tool.call.arguments": "tool_call",
    "tool.parameters": "tool_call",
    "tool_call.function.arguments": "tool_call",
    "gen_ai.tool.call.result": "tool_result",
    "andon.permission.of": "permission_check",
    "andon.approval.by": "approval_record",
    "andon.approval.reason": "approval_record",
    "andon.review.by": "reviewer_action",
    "andon.review.reason": "reviewer_action",
    "andon.action.target": ACTION,
    "andon.record.id": "affected_record",
    "andon.record.field": "affected_record",
    "andon.validation.detail": CHECKED,
    "gen_ai.evaluation.explanation": CHECKED,
}
"""What people and models said and what tools were given: never shown without a redacted view."""

SHOWN_PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("gen_ai.usage.", "monitoring_signal"),
    ("llm.token_count", "monitoring_signal"),
)

CONTENT_PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("gen_ai.prompt.", "input"),
    ("gen_ai.completion.", "output"),
    ("gen_ai.memory.", "retrieved_context"),
    ("gen_ai.request.", MODEL),
    ("gen_ai.openai.", MODEL),
    ("openai.", MODEL),
    ("aws.bedrock.", MODEL),
    ("gen_ai.evaluation.", CHECKED),
    ("llm.prompts", "input"),
    ("llm.completions", "output"),
    ("llm.input_messages", "input"),
    ("llm.output_messages", "output"),
    ("llm.tools", "tool_definition"),
    ("retrieval.documents", "retrieved_context"),
    ("reranker.", "retrieved_context"),
)

SHOWN_REQUEST: Final = frozenset(
    f"gen_ai.request.{name}"
    for name in (
        "model",
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "seed",
        "choice.count",
        "frequency_penalty",
        "presence_penalty",
        "stream",
    )
)
"""Settings of a model that hold a number or a name; others, such as stop sequences, hold text."""

EVENTS: Final[dict[str, str]] = {
    "gen_ai.system.message": "system_prompt",
    "gen_ai.user.message": "input",
    "gen_ai.content.prompt": "input",
    "gen_ai.assistant.message": "output",
    "gen_ai.choice": "output",
    "gen_ai.content.completion": "output",
    "gen_ai.tool.message": "tool_result",
    "gen_ai.evaluation.result": CHECKED,
    "feature_flag.evaluation": "permission_check",
    "feature_flag": "permission_check",
    "andon.permission": "permission_check",
    "andon.approval": "approval_record",
    "andon.review": "reviewer_action",
    "andon.action": ACTION,
    "andon.validation": CHECKED,
}
"""Events that are evidence whole, as span events and as log records."""

DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
"""Carries the attributes of a model call that are too long for a span, each under its own name."""

SORTS: Final = (
    "openinference.span.kind",
    "traceloop.span.kind",
    "mlflow.spanType",
    "langfuse.observation.type",
)
"""Attributes that say what sort of span it is, where the GenAI conventions have no operation."""

CONTEXT: Final = frozenset(
    {
        "gen_ai.operation.name",
        *SORTS,
        "db.system.name",
        "db.operation.name",
        "db.operation",
        "db.collection.name",
        "db.sql.table",
        "http.method",
        "http.request.method",
        "messaging.operation.type",
        "messaging.operation",
        "messaging.destination.name",
        "net.peer.name",
        "server.address",
        "event.name",
    }
)
"""Attributes that are no evidence themselves, and by which a step is told for what it is."""

OUTPUT_IDS: Final = ("andon.output.id", "gen_ai.response.id")
"""Attributes by which one output is asked for."""

_ROLES: Final[dict[str, dict[str, str]]] = {
    "TOOL": {"input": "tool_call", "output": "tool_result"},
    "RETRIEVER": {"input": "retrieved_context", "output": "retrieved_context"},
    "RERANKER": {"input": "retrieved_context", "output": "retrieved_context"},
    "GUARDRAIL": {"input": CHECKED, "output": CHECKED},
    "EVALUATOR": {"input": CHECKED, "output": CHECKED},
}
_SIDES: Final = {
    "input.value": "input",
    "output.value": "output",
    "traceloop.entity.input": "input",
    "traceloop.entity.output": "output",
    "mlflow.spanInputs": "input",
    "mlflow.spanOutputs": "output",
}
"""Names whose kind depends on what sort of span they stand in."""

KINDS: Final = frozenset(
    {
        *SHOWN.values(),
        *CONTENT.values(),
        *EVENTS.values(),
        *(kind for _, kind in (*SHOWN_PREFIXES, *CONTENT_PREFIXES)),
        FAILED_TOOL,
        TRACE_KIND,
    }
)
"""Every kind that a trace can supply."""


def kind_of(name: str, sort: str = "") -> str | None:
    """Return the kind of evidence an attribute is, or None if it is only context.

    Args:
        name: the attribute.
        sort: what sort of span it stands in, as OpenInference and Traceloop say it.
    """
    if name in _SIDES:
        side = _SIDES[name]
        return _ROLES.get(sort.upper(), {}).get(side, side)
    exact = SHOWN.get(name) or CONTENT.get(name)
    if exact is not None:
        return exact
    prefixes = (*SHOWN_PREFIXES, *CONTENT_PREFIXES)
    return next((kind for prefix, kind in prefixes if name.startswith(prefix)), None)


def may_be_shown(name: str) -> bool:
    """Whether an attribute is a name, a version, a number or a verdict, and nobody's words."""
    return name in SHOWN or name in SHOWN_REQUEST or name.startswith(tuple(one for one, _ in SHOWN_PREFIXES))
