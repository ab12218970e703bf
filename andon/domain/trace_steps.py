"""What one span of a trace was: a question to a model, a search, a tool call, an approval, an action."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from andon.domain.trace import FAILED, Part, Span, events_of, is_tool, of_resource, parts, sort_of, writes
from andon.domain.trace_names import DETAILS_EVENT, EVENTS, may_be_shown
from andon.domain.values import Frozen, Instant

FACT_LENGTH: Final = 200
DOCUMENTS_AT_MOST: Final = 20


class What(StrEnum):
    """What a step was."""

    REQUEST = "request"
    RETRIEVAL = "retrieval"
    MODEL = "model"
    TOOL = "tool"
    PERMISSION = "permission"
    APPROVAL = "approval"
    ACTION = "action"
    CHECK = "check"
    OTHER = "other"


class Content(Frozen):
    """Something people or a model said, or a tool was given: what it is and how long, not what it says."""

    kind: str
    name: str
    size_bytes: int = Field(ge=0)


class Step(Frozen):
    """One step of a trace, in the order in which it is to be read."""

    id: str = Field(description="span id; of an event within a span, the span id and a number")
    parent: str | None = None
    depth: int = 0
    what: What
    name: str
    service: str
    start: Instant
    end: Instant
    failed: bool = False
    skew_ms: int = Field(
        0, description="by how much at least its clock disagrees: below 0 behind its caller's, above 0 ahead"
    )
    facts: dict[str, str] = Field({}, description="names, versions, numbers and verdicts")
    kinds: tuple[str, ...] = Field((), description="kinds of evidence that it holds")
    contents: tuple[Content, ...] = ()
    calls: tuple[str, ...] = Field((), description="ids of the tool calls that the model asked for here")
    asked: bool = Field(False, description="the output that was asked for")


_OPERATIONS: Final[dict[str, What]] = {
    "chat": What.MODEL,
    "text_completion": What.MODEL,
    "generate_content": What.MODEL,
    "retrieval": What.RETRIEVAL,
    "search_memory": What.RETRIEVAL,
    "execute_tool": What.TOOL,
    "invoke_agent": What.REQUEST,
    "invoke_workflow": What.REQUEST,
}
_SORTS: Final[dict[str, What]] = {
    "LLM": What.MODEL,
    "CHAT_MODEL": What.MODEL,
    "GENERATION": What.MODEL,
    "RETRIEVER": What.RETRIEVAL,
    "RERANKER": What.RETRIEVAL,
    "TOOL": What.TOOL,
    "AGENT": What.REQUEST,
    "WORKFLOW": What.REQUEST,
    "GUARDRAIL": What.CHECK,
    "EVALUATOR": What.CHECK,
}
_KINDS: Final[dict[str, What]] = {
    "approval_record": What.APPROVAL,
    "reviewer_action": What.APPROVAL,
    "downstream_action": What.ACTION,
    "permission_check": What.PERMISSION,
    "structured_validation_result": What.CHECK,
}
_MODEL_NAMES: Final = ("gen_ai.request.model", "gen_ai.response.model", "llm.model_name")


def step_of(span: Span, *, depth: int, skew_ms: int) -> Step:
    """Return what a span was."""
    held = list(parts(span.attributes))
    status = span.attributes.get("otel.status")
    return Step(
        id=span.span_id,
        parent=span.parent,
        depth=depth,
        what=what_of(span.attributes, top=span.parent is None),
        name=_short(span.name),
        service=_short(span.service),
        start=span.start,
        end=span.end,
        failed=isinstance(status, Mapping) and status.get("code") == FAILED,
        skew_ms=skew_ms,
        facts=_facts(span.attributes, held),
        kinds=tuple(sorted({one.kind for one in (*held, *of_resource(span.attributes))})),
        contents=tuple(
            Content(kind=one.kind, name=one.name, size_bytes=_size(one.value))
            for one in held
            if not one.shown
        ),
        calls=tuple(_calls(span.attributes)),
    )


def steps_within(span: Span, *, depth: int) -> Iterator[Step]:
    """Yield the steps that a span tells as events: checks of permission, approvals, actions."""
    for number, event in enumerate(events_of(span.attributes), start=1):
        kind = EVENTS.get(str(event.get("name", "")))
        if kind not in _KINDS:
            continue
        attributes = event.get("attributes")
        told = attributes if isinstance(attributes, Mapping) else {}
        yield Step(
            id=f"{span.span_id}/{number}",
            parent=span.span_id,
            depth=depth,
            what=_KINDS[kind],
            name=_short(str(event["name"])),
            service=_short(span.service),
            start=_at(event, span),
            end=_at(event, span),
            facts={name: _fact(value) for name, value in told.items() if may_be_shown(name)},
            kinds=(kind,),
            contents=tuple(
                Content(kind=kind, name=name, size_bytes=_size(value))
                for name, value in told.items()
                if not may_be_shown(name)
            ),
        )


def what_of(attributes: Mapping[str, Any], *, top: bool) -> What:
    """Return what a span was, by the operation it names, else by what it holds."""
    operation = _OPERATIONS.get(str(attributes.get("gen_ai.operation.name", "")))
    named = operation or _SORTS.get(sort_of(attributes).upper())
    if named is not None:
        return named
    if is_tool(attributes):
        return What.TOOL
    for prefix, what in (("andon.approval.", What.APPROVAL), ("andon.review.", What.APPROVAL)):
        if any(name.startswith(prefix) for name in attributes):
            return what
    if writes(attributes) or any(name.startswith("andon.action.") for name in attributes):
        return What.ACTION
    return _by_content(attributes, top=top)


def _by_content(attributes: Mapping[str, Any], *, top: bool) -> What:
    if any(name in attributes for name in _MODEL_NAMES):
        return What.MODEL
    if any(name.startswith(("retrieval.documents", "gen_ai.retrieval.")) for name in attributes):
        return What.RETRIEVAL
    if any(name.startswith("andon.permission.") for name in attributes):
        return What.PERMISSION
    if any(name.startswith("andon.validation.") for name in attributes):
        return What.CHECK
    return What.REQUEST if top else What.OTHER


def _at(event: Mapping[str, Any], span: Span) -> datetime:
    try:
        at = datetime.fromisoformat(str(event.get("at")))
    except ValueError:
        return span.start
    return at if at.tzinfo is not None else span.start


def _facts(attributes: Mapping[str, Any], held: list[Part]) -> dict[str, str]:
    facts = {one.name: _fact(one.value) for one in (*held, *of_resource(attributes)) if one.shown}
    if documents := _documents(attributes):
        facts["documents"] = documents
    return facts


def _documents(attributes: Mapping[str, Any]) -> str:
    """Return the ids of passages in their order with score and age, without what they say."""
    found = _read(attributes.get("gen_ai.retrieval.documents"))
    if not isinstance(found, list):
        return ""
    told = []
    for rank, one in enumerate(found[:DOCUMENTS_AT_MOST], start=1):
        known = one if isinstance(one, Mapping) else {}
        words = [
            str(known[name])[:80] for name in ("id", "score", "updated_at") if known.get(name) is not None
        ]
        told.append(f"{rank}. {' '.join(words) or '(no id)'}")
    return "; ".join(told)


def _calls(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the tool calls in a model's answer, after any of the conventions."""
    for holder in _holders(attributes):
        for message in _list(_read(holder.get("gen_ai.output.messages"))):
            for part in _list(message.get("parts")) if isinstance(message, Mapping) else ():
                if isinstance(part, Mapping) and part.get("type") == "tool_call" and part.get("id"):
                    yield _short(str(part["id"]))
    for name, value in attributes.items():
        if name.startswith("llm.output_messages.") and name.endswith("tool_call.id"):
            yield _short(str(value))


def _holders(attributes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield attributes
    for event in events_of(attributes):
        held = event.get("attributes")
        if event.get("name") == DETAILS_EVENT and isinstance(held, Mapping):
            yield held


def _read(value: Any) -> Any:
    """Return what an attribute holds; structured ones are sent as JSON text where that is not supported."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return len(text.encode(errors="replace"))


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return _short(", ".join(str(one) for one in value[:DOCUMENTS_AT_MOST]))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _short(" ".join(str(one) for one in value.values()))
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= FACT_LENGTH else f"{text[:FACT_LENGTH]}…"
