"""One trace of an AI system, told to a vendor's real server over OTLP, and what Andon makes of it there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from andon.adapters.sources.trace_store import SUPPLIES
from andon.config import SourceSettings
from andon.domain.trace import of_stored
from andon.domain.trace_names import TRACE_KIND
from andon.domain.trace_steps import What
from andon.domain.trace_tree import TraceTree, trace_tree
from tests.adapters.sources.asked import Came, came_of, entry, means, query
from tests.external.figures import seconds_since, ticks

OUTPUT = "resp-1"
PATIENCE = 60.0


def told(url: str, headers: Mapping[str, str]) -> str:
    """Send three spans through the real exporter and return their trace id."""
    provider = TracerProvider(resource=Resource.create({"service.name": "refund_desk"}))
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", headers=dict(headers), timeout=60)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("desk")
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "T-1"}
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "desk-1",
        "gen_ai.prompt.version": "3",
        "gen_ai.input.messages": '[{"role": "user", "parts": []}]',
        "gen_ai.output.messages": '[{"role": "assistant", "parts": []}]',
        "gen_ai.response.id": OUTPUT,
    }
    with tracer.start_as_current_span(
        "invoke_agent", attributes={**agent, "user.roles": ["customer"]}
    ) as top:
        with tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=chat) as answer:
            answer.add_event("andon.approval", {"andon.approval.decision": "approved"})
        tool = {"gen_ai.tool.name": "pay", "gen_ai.tool.call.arguments": '{"cents": 1}'}
        with tracer.start_as_current_span("execute_tool pay", attributes=tool) as run:
            run.set_status(Status(StatusCode.ERROR, "no money"))
    provider.shutdown()
    return format(top.get_span_context().trace_id, "032x")


async def asked(kind: str, url: str, *trace_ids: str, **options: str) -> Came:
    """Ask for what the store has of an hour around now."""
    settings = SourceSettings(private_hosts=(url.removeprefix("http://"),), timeout=timedelta(seconds=60))
    described = entry(kind, *sorted(SUPPLIES), options={"url": url, **options})
    return await came_of(described, means(settings), query(*trace_ids))


async def kept(kind: str, url: str, *trace_ids: str, **options: str) -> Came:
    """Ask until the store has a whole trace: stores take spans in before they show them."""
    began = ticks()
    while True:
        got = await asked(kind, url, *trace_ids, **options)
        if any(len(tree.steps) >= 4 for tree in trees(got)) or seconds_since(began) > PATIENCE:
            return got
        await asyncio.sleep(0.2)


def trees(got: Came) -> list[TraceTree]:
    """Return the tree of each trace that came."""
    wholes = [one for one in got.items if one.kind == TRACE_KIND]
    return [trace_tree(one.name, of_stored(one.content), asked=OUTPUT) for one in wholes]


def check_whole(got: Came, trace_id: str) -> None:
    """The trace that was told is the one that came, step by step."""
    tree = next(one for one in trees(got) if one.trace_id == trace_id)
    assert [(step.what, step.failed, step.asked) for step in tree.steps] == [
        (What.REQUEST, False, False),
        (What.MODEL, False, True),
        (What.APPROVAL, False, False),
        (What.TOOL, True, False),
    ]
    assert tree.steps[1].facts["gen_ai.prompt.version"] == "3"
    assert {"input", "output", "model_identity_and_config"} <= set(tree.steps[1].kinds)
    assert tree.steps[2].facts == {"andon.approval.decision": "approved"}
    assert {"inputs", "outputs", "tools", "model", "approvals"}.isdisjoint(got.reasons)
