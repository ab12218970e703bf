"""Evidence from spans and from the version endpoint; what is not there becomes a named gap."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from andon.adapters.outgoing import Outgoing
from andon.adapters.sources.recorder import RecorderSource
from andon.adapters.sources.versions import VersionsEndpoint, versions_at
from andon.config import SourceSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.system import AISystem, EvidencePlaces, Tier
from andon.domain.values import digest_of
from andon.ports import Captured, EvidenceSource
from andon.register.engine import Databases
from andon.register.policies import Systems
from andon.register.spans import SpanRow, Spans
from andon.register.traces import Traces
from tests.adapters.web import Web, web
from tests.register.cases import INCIDENT, NOW

TRACE = "1" * 32
OTHER = "2" * 32
ROWS = (
    EvidenceRow(id="inputs", kinds=("input",)),
    EvidenceRow(id="outputs", kinds=("output",)),
    EvidenceRow(id="tools", kinds=("tool_call", "tool_result")),
    EvidenceRow(id="versions", kinds=("prompt_version",)),
    EvidenceRow(id="deployments", kinds=("deployment_history",)),
    EvidenceRow(id="outcome", kinds=("business_outcome",), later=True),
    EvidenceRow(id="complaints", kinds=("complaint",)),
)
SOON = timedelta(milliseconds=300)


def span(number: int, *, trace: str = TRACE, parent: str | None = None, **attributes: object) -> SpanRow:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return SpanRow(
        trace_id=trace,
        span_id=f"{number:016x}",
        parent=parent,
        service="refund_desk",
        name="chat",
        start=NOW + timedelta(seconds=number),
        end=NOW + timedelta(seconds=number + 1),
        attributes=json.dumps(named).encode(),
        size=100,
        received_at=NOW,
    )


def query(*trace_ids: str) -> EvidenceQuery:
    return EvidenceQuery(
        incident=INCIDENT,
        system="refund_desk",
        since=NOW - timedelta(hours=1),
        until=NOW + timedelta(hours=1),
        trace_ids=trace_ids,
    )


async def collected(source: EvidenceSource, asked: EvidenceQuery) -> tuple[dict[str, Any], dict[str, str]]:
    """Return items by `kind/name`, parsed, and the reasons of gaps by row."""
    items: dict[str, Any] = {}
    gaps: dict[str, str] = {}
    async for found in source.collect(asked):
        if isinstance(found, Gap):
            gaps[found.row] = found.reason
        else:
            items[f"{found.kind}/{found.name}"] = json.loads(found.content)
    return items, gaps


@pytest.fixture
def kept(databases: Databases) -> Traces:
    return Traces(databases.recorder)


@pytest.fixture
def spans(kept: Traces) -> Spans:
    return kept.spans


async def test_a_trace_becomes_one_item_a_kind_and_the_trace_whole(kept: Traces, spans: Spans) -> None:
    spans.add(
        [
            span(1, gen_ai__input__messages='[{"role": "user"}]', refund_desk__account_id="ACC-1"),
            span(2, parent="1", gen_ai__tool__name="issue_refund", gen_ai__tool__call__result="paid"),
        ]
    )
    items, gaps = await collected(RecorderSource(kept, ROWS, SOON), query(TRACE))
    assert set(items) == {
        f"input/{TRACE}",
        f"tool_call/{TRACE}",
        f"tool_result/{TRACE}",
        f"application_log/{TRACE}",
        "monitoring_signal/window",
    }
    (part,) = items[f"input/{TRACE}"]["spans"]
    assert part["attributes"] == {"gen_ai.input.messages": '[{"role": "user"}]'}
    whole = items[f"application_log/{TRACE}"]["spans"]
    assert whole[0]["attributes"]["refund_desk.account_id"] == "ACC-1"
    assert items["monitoring_signal/window"]["by_name"] == {"chat": 2}
    assert gaps == {"outputs": "empty", "versions": "empty", "deployments": "empty"}


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.system": "openai"}, "model_identity_and_config"),
        ({"gen_ai.provider.name": "openai"}, "model_identity_and_config"),
        ({"gen_ai.prompt": "hello"}, "input"),
        ({"gen_ai.completion": "hello"}, "output"),
        ({"llm.input_messages.0.message.content": "hello"}, "input"),
        ({"gen_ai.evaluation.score.value": 0.2}, "structured_validation_result"),
        ({"otel.events": [{"name": "gen_ai.user.message", "attributes": {"content": "a"}}]}, "input"),
        ({"otel.events": [{"name": "gen_ai.choice", "attributes": {}}]}, "output"),
        ({"gen_ai.tool.name": "pay", "otel.status": {"code": 2}}, "tool_error_retry"),
    ],
)
async def test_older_and_other_names_are_understood(
    kept: Traces, spans: Spans, attributes: dict[str, object], kind: str
) -> None:
    spans.add([span(1, **attributes)])
    items, _ = await collected(RecorderSource(kept, ROWS, SOON), query(TRACE))
    assert f"{kind}/{TRACE}" in items


async def test_asking_twice_gives_the_same_bytes(kept: Traces, spans: Spans) -> None:
    spans.add([span(1, gen_ai__completion="hello"), span(2, parent="1", gen_ai__prompt="hi")])
    source = RecorderSource(kept, ROWS, SOON)
    first = [found async for found in source.collect(query(TRACE))]
    assert [found async for found in source.collect(query(TRACE))] == first
    assert isinstance(first[0], Captured)


async def test_without_named_traces_the_newest_of_the_window_are_kept(kept: Traces, spans: Spans) -> None:
    spans.add([span(number, trace=f"{number:032x}", gen_ai__prompt="hi") for number in range(1, 40)])
    items, _ = await collected(RecorderSource(kept, ROWS, SOON), query())
    traces = [name for name in items if name.startswith("application_log/")]
    assert len(traces) == 20
    assert f"application_log/{39:032x}" in traces


async def test_a_named_trace_that_is_still_on_its_way_is_waited_for(kept: Traces, spans: Spans) -> None:
    source = RecorderSource(kept, ROWS, timedelta(seconds=10))
    collecting = asyncio.create_task(collected(source, query(TRACE, OTHER)))
    spans.add([span(1, gen_ai__prompt="hi"), span(2, trace=OTHER, parent="1", gen_ai__prompt="hi")])
    await asyncio.sleep(0)
    spans.add([span(3, trace=OTHER, gen_ai__completion="yes")])
    items, _ = await asyncio.wait_for(collecting, timeout=20)
    assert f"output/{OTHER}" in items


async def test_nothing_at_all_is_a_gap_in_each_row_that_spans_could_fill(kept: Traces) -> None:
    items, gaps = await collected(RecorderSource(kept, ROWS, SOON), query(TRACE))
    assert items == {}
    assert gaps == dict.fromkeys(("inputs", "outputs", "tools", "versions", "deployments"), "empty")


async def test_what_was_trimmed_before_it_could_be_kept_is_a_gap_of_retention(
    kept: Traces, spans: Spans
) -> None:
    later = NOW + timedelta(hours=2)
    spans.add([replace(span(9, trace=OTHER), start=later, end=later)])
    items, gaps = await collected(RecorderSource(kept, ROWS, SOON), query(TRACE))
    assert items == {}
    assert gaps["inputs"] == GapReason.RETENTION


VERSIONS = {"prompt": {"id": "p", "version": "1.1"}, "model": {"name": "m"}, "digest": "not believed"}


@pytest.fixture
def endpoint() -> Iterator[Web]:
    with web() as served:
        served.body = json.dumps(VERSIONS).encode()
        yield served


@pytest.fixture
def source(databases: Databases, endpoint: Web) -> VersionsEndpoint:
    systems = Systems(databases.register)
    systems.put_system(_desk(f"http://{endpoint.url}/versions"))
    return VersionsEndpoint(systems, reaching(endpoint.url), ROWS)


def reaching(*places: str) -> Outgoing:
    return Outgoing(SourceSettings(private_hosts=places), section="sources")


def _desk(url: str | None) -> AISystem:
    places = EvidencePlaces.model_validate({"versions_url": url})
    return AISystem(id="refund_desk", name="Desk", tier=Tier.LOW, owner="bela", evidence=places)


async def test_the_versions_are_kept_whole_and_by_parts(source: VersionsEndpoint) -> None:
    items, gaps = await collected(source, query())
    assert items == {
        "deployment_history/versions": VERSIONS,
        "prompt_version/prompt": {"prompt": VERSIONS["prompt"]},
        "model_identity_and_config/model": {"model": VERSIONS["model"]},
    }
    assert gaps == {}


async def test_a_part_that_the_answer_lacks_is_a_gap(source: VersionsEndpoint, endpoint: Web) -> None:
    endpoint.body = b'{"model": {"name": "m"}}'
    _, gaps = await collected(source, query())
    assert gaps == {"versions": "empty"}


async def test_the_digest_is_ours_over_the_whole_answer(source: VersionsEndpoint, endpoint: Web) -> None:
    assert await source.read("refund_desk") == digest_of(VERSIONS)
    endpoint.body = json.dumps({**VERSIONS, "model": {"name": "other"}}).encode()
    assert await source.read("refund_desk") != digest_of(VERSIONS)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"{}", GapReason.DENIED),
        (403, b"{}", GapReason.DENIED),
        (404, b"{}", GapReason.EMPTY),
        (410, b"{}", GapReason.RETENTION),
        (500, b"{}", GapReason.REFUSED),
        (302, b"{}", GapReason.REFUSED),
        (200, b"{}", GapReason.EMPTY),
        (200, b"[]", GapReason.REFUSED),
        (200, b"not json", GapReason.REFUSED),
        (200, b'{"n": 123456789012345678901234567890}', GapReason.REFUSED),
        (200, b'{"n": NaN}', GapReason.REFUSED),
        (200, b'{"a": "' + b"x" * 300_000 + b'"}', GapReason.REFUSED),
    ],
)
async def test_an_endpoint_that_can_not_say_gives_its_reason(
    source: VersionsEndpoint, endpoint: Web, status: int, body: bytes, reason: GapReason
) -> None:
    endpoint.status, endpoint.body = status, body
    with pytest.raises(SourceError) as refused:
        await source.read("refund_desk")
    assert refused.value.reason == reason


async def test_an_endpoint_that_is_away_is_unreachable(databases: Databases) -> None:
    systems = Systems(databases.register)
    systems.put_system(_desk("http://127.0.0.1:9/versions"))
    with pytest.raises(SourceError) as refused:
        await VersionsEndpoint(systems, reaching("127.0.0.1:9")).read("refund_desk")
    assert refused.value.reason == GapReason.UNREACHABLE


@pytest.mark.parametrize("named", [(), ("127.0.0.1:1",), ("localhost:1", "169.254.169.254:80")])
async def test_an_address_that_settings_do_not_name_is_not_called_and_the_reason_says_what_to_add(
    databases: Databases, endpoint: Web, named: tuple[str, ...]
) -> None:
    systems = Systems(databases.register)
    systems.put_system(_desk(f"http://{endpoint.url}/versions"))
    with pytest.raises(SourceError, match=r"sources\.private_hosts") as refused:
        await VersionsEndpoint(systems, reaching(*named)).read("refund_desk")
    assert refused.value.reason == GapReason.NOT_CONFIGURED
    assert endpoint.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.7", "::1"])
async def test_a_public_name_of_which_one_address_leads_inside_is_not_called(address: str) -> None:
    async def rebound(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", address]

    outgoing = Outgoing(SourceSettings(), resolve=rebound, section="sources")
    with pytest.raises(SourceError) as refused:
        await versions_at(outgoing, "https://versions.example/")
    assert refused.value.reason == GapReason.NOT_CONFIGURED


async def test_a_url_with_a_password_in_it_is_not_called() -> None:
    with pytest.raises(SourceError) as refused:
        await versions_at(reaching(), "https://desk:word@versions.example/")
    assert refused.value.reason == GapReason.NOT_CONFIGURED


async def test_a_packed_answer_is_refused(source: VersionsEndpoint, endpoint: Web) -> None:
    endpoint.encoding, endpoint.body = "gzip", gzip.compress(json.dumps(VERSIONS).encode())
    with pytest.raises(SourceError, match="packed") as refused:
        await source.read("refund_desk")
    assert refused.value.reason == GapReason.REFUSED


@pytest.mark.parametrize("system", ["refund_desk", "stranger"])
async def test_a_system_without_an_endpoint_is_not_configured(databases: Databases, system: str) -> None:
    systems = Systems(databases.register)
    systems.put_system(_desk(None))
    with pytest.raises(SourceError) as refused:
        await VersionsEndpoint(systems, reaching()).read(system)
    assert refused.value.reason == GapReason.NOT_CONFIGURED
