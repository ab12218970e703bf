"""Traces out of MLflow, Phoenix and Langfuse, on servers that answer in their documented forms.

The real MLflow and Phoenix are asked in tests/external. Langfuse's server is not run anywhere here: its
form is that of its SDK 5.0.4 and its API reference.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from andon.adapters.sources import langfuse, mlflow, phoenix
from andon.adapters.sources.kinds import SourceKind
from andon.adapters.sources.trace_store import SUPPLIES, TRACES_AT_MOST
from andon.config import SourceSettings
from andon.domain.trace import of_stored
from andon.domain.trace_names import TRACE_KIND
from andon.domain.trace_steps import What
from andon.domain.trace_tree import TraceTree, trace_tree
from tests.adapters.sources.asked import TRACE, Came, entry, means, query
from tests.adapters.sources.contract import SourceContract, Subject
from tests.adapters.sources.serving import Reply, Served, serving

AGENT, CHAT, TOOL = "a" * 16, "b" * 16, "c" * 16
FAULT = "no money"
BEGAN = query().since + timedelta(minutes=59)
SECRET = "one"
Answer = Callable[[str, dict[str, str]], Any]


def nanos(seconds: float = 0) -> int:
    return int((BEGAN + timedelta(seconds=seconds)).timestamp() * 1_000_000) * 1000


def iso(seconds: float = 0) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def in_window(since: str, until: str) -> bool:
    return datetime.fromisoformat(since) <= BEGAN <= datetime.fromisoformat(until)


def base64_of(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def mlflow_span(span: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    return {
        "trace_id": base64_of(TRACE),
        "span_id": base64_of(span),
        **({"parent_span_id": base64_of(parent)} if parent else {}),
        "name": name,
        "start_time_unix_nano": nanos(),
        "end_time_unix_nano": nanos(1),
        "status": {},
        **more,
    }


def said(**attributes: str) -> list[dict[str, Any]]:
    return [
        {"key": key.replace("__", "."), "value": {"string_value": text}} for key, text in attributes.items()
    ]


MLFLOW_TRACE = {
    "trace": {
        "trace_info": {"tags": {"service.name": "refund_desk", "service.version": "1.1"}},
        "spans": [
            mlflow_span(AGENT, "invoke_agent", attributes=said(gen_ai__conversation__id="T-1")),
            mlflow_span(
                CHAT,
                "chat",
                AGENT,
                attributes=[
                    *said(
                        gen_ai__operation__name="chat", gen_ai__request__model="m", mlflow__spanInputs="hi"
                    ),
                    {"key": "gen_ai.usage.input_tokens", "value": {"int_value": 7}},
                    {
                        "key": "gen_ai.output.messages",
                        "value": {
                            "array_value": {
                                "values": [
                                    {"kvlist_value": {"values": said(role="assistant", content="hello")}}
                                ]
                            }
                        },
                    },
                ],
                events=[{"name": "gen_ai.choice", "time_unix_nano": nanos(), "attributes": said(index="0")}],
            ),
            mlflow_span(
                TOOL,
                "pay",
                AGENT,
                attributes=said(gen_ai__tool__name="pay", gen_ai__tool__call__arguments="{}"),
                status={"code": "STATUS_CODE_ERROR", "message": FAULT},
            ),
        ],
    }
}


def from_mlflow(path: str, asked: dict[str, str]) -> Any:
    if path.endswith("/search"):
        return {"traces": [{"trace_id": f"tr-{TRACE}"}]}
    return MLFLOW_TRACE if asked["trace_id"] == f"tr-{TRACE}" else None


def phoenix_span(span: str, name: str, kind: str, parent: str | None, **attributes: Any) -> dict[str, Any]:
    return {
        "id": "U3Bhbjox",
        "name": name,
        "context": {"trace_id": TRACE, "span_id": span},
        "span_kind": kind,
        "parent_id": parent,
        "start_time": iso(),
        "end_time": iso(1),
        "status_code": "ERROR" if span == TOOL else "OK",
        "status_message": FAULT if span == TOOL else "",
        "attributes": {key.replace("__", "."): value for key, value in attributes.items()},
        "events": [],
    }


PHOENIX_SPANS = [
    phoenix_span(AGENT, "invoke_agent", "AGENT", None, session__id="T-1", service__version="1.1"),
    phoenix_span(CHAT, "chat", "LLM", AGENT, llm__model_name="m", input__value="hi", output__value="hello"),
    phoenix_span(TOOL, "pay", "TOOL", AGENT, tool__name="pay", input__value="{}"),
]


def from_phoenix(path: str, asked: dict[str, str]) -> Any:
    assert path == "/v1/projects/desk%20one/spans"
    if not (asked.get("trace_id") == TRACE or in_window(asked["start_time"], asked["end_time"])):
        return {"data": [], "next_cursor": None}
    if asked.get("cursor") == "two":
        return {"data": PHOENIX_SPANS[2:], "next_cursor": None}
    return {"data": PHOENIX_SPANS[:2], "next_cursor": "two"}


def observation(span: str, name: str, kind: str, parent: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": span,
        "traceId": TRACE,
        "projectId": "p",
        "startTime": iso(),
        "endTime": iso(1),
        "parentObservationId": parent,
        "type": kind,
        "name": name,
        "level": "ERROR" if span == TOOL else "DEFAULT",
        "statusMessage": FAULT if span == TOOL else None,
        "version": "1.1",
        **more,
    }


OBSERVATIONS = [
    observation(AGENT, "invoke_agent", "AGENT", None, sessionId="T-1"),
    observation(
        CHAT, "chat", "GENERATION", AGENT, model="m", input="hi", output="hello", usageDetails={"input": 7}
    ),
    observation(TOOL, "pay", "TOOL", AGENT, input="{}"),
]


def from_langfuse(path: str, asked: dict[str, str]) -> Any:
    assert path == "/api/public/v2/observations"
    named = asked.get("traceId") == TRACE
    if not named and not in_window(asked["fromStartTime"], asked["toStartTime"]):
        return {"data": [], "meta": {}}
    if asked.get("cursor") == "two":
        return {"data": OBSERVATIONS[2:], "meta": {"cursor": None}}
    return {"data": OBSERVATIONS[:2], "meta": {"cursor": "two"}}


STORES: dict[str, tuple[SourceKind, Answer, dict[str, str]]] = {
    "mlflow": (mlflow.KIND, from_mlflow, {"experiment": "7"}),
    "phoenix": (phoenix.KIND, from_phoenix, {"project": "desk one"}),
    "langfuse": (langfuse.KIND, from_langfuse, {}),
}


def replying(answer: Answer) -> Callable[[str], Reply]:
    def reply(path: str) -> Reply:
        split = urlsplit(path)
        found = answer(split.path, {name: one[0] for name, one in parse_qs(split.query).items()})
        return Reply(status=404) if found is None else Reply(json.dumps(found).encode())

    return reply


def no_traces(_: str, __: dict[str, str]) -> Any:
    return {"traces": []}


@pytest.fixture(params=STORES)
def named(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def served(named: str) -> Iterator[Served]:
    with serving(replying(STORES[named][1])) as found:
        yield found


@pytest.fixture
def subject(named: str, served: Served) -> Subject:
    kind, _, options = STORES[named]
    return Subject(
        kind=kind,
        entry=entry(kind.name, *sorted(SUPPLIES), options={"url": served.url, "secret": "key", **options}),
        means=means(SourceSettings(private_hosts=(served.place,), secrets={"key": SecretStr(SECRET)})),
        take_away=lambda: setattr(served, "answer", lambda _: Reply(status=502)),
    )


def tree_of(got: Came) -> TraceTree:
    (whole,) = [one for one in got.items if one.kind == TRACE_KIND]
    return trace_tree(TRACE, of_stored(whole.content))


class TestContract(SourceContract):
    """Only what an entry supplies is held to be there: no store says who approved what."""

    @pytest.fixture
    def subject(self, subject: Subject, named: str, served: Served) -> Subject:
        supplies = ("input", "output", "tool_call", "tool_error_retry", TRACE_KIND)
        subject.entry = subject.entry.model_copy(update={"supplies": supplies})
        # MLflow is told its window in the body of the request, which this server does not read.
        self.empty = (lambda: setattr(served, "answer", replying(no_traces))) if named == "mlflow" else None
        return subject

    async def test_nothing_in_the_window_is_a_gap(self, subject: Subject) -> None:
        if self.empty is not None:
            self.empty()
        await super().test_nothing_in_the_window_is_a_gap(subject)


async def test_all_stores_give_the_same_tree_of_the_same_trace(subject: Subject) -> None:
    tree = tree_of(await subject.came(query(TRACE)))
    assert [(step.what, step.name, step.depth, step.failed) for step in tree.steps] == [
        (What.REQUEST, "invoke_agent", 0, False),
        (What.MODEL, "chat", 1, False),
        (What.TOOL, "pay", 1, True),
    ]
    assert tree.steps[0].facts["service.version"] == "1.1"
    assert "m" in tree.steps[1].facts.values()
    assert {"input", "output", "model_identity_and_config"} <= set(tree.steps[1].kinds)
    assert {"tool_call", "tool_error_retry"} <= set(tree.steps[2].kinds)


async def test_a_window_without_named_traces_gives_the_newest(subject: Subject) -> None:
    assert len(tree_of(await subject.came(query())).steps) == 3


async def test_a_trace_that_the_store_does_not_have_is_a_gap(subject: Subject, served: Served) -> None:
    served.answer = replying(lambda path, _: None if path.endswith("/get") else {"data": [], "meta": {}})
    got = await subject.came(query("2" * 32))
    assert got.items == []
    assert set(got.reasons.values()) == {"empty"}


@pytest.mark.parametrize(
    "found",
    [
        [],
        {"data": 3, "trace": 3},
        {"data": [{}], "trace": {"spans": [{}], "trace_info": {}}},
        {
            "data": [
                {**PHOENIX_SPANS[0], **OBSERVATIONS[0], "start_time": "2026-01-01", "startTime": "2026-01-01"}
            ],
            "trace": {"trace_info": {}, "spans": [mlflow_span(AGENT, "x") | {"start_time_unix_nano": -1}]},
        },
        {"data": ["x"], "trace": {"trace_info": {}, "spans": [mlflow_span(AGENT, "x") | {"span_id": "no!"}]}},
    ],
)
async def test_an_answer_of_another_form_is_refused_and_named(
    subject: Subject, served: Served, found: object
) -> None:
    served.answer = replying(lambda *_: found)
    got = await subject.came(query(TRACE))
    assert got.items == []
    assert set(got.reasons.values()) == {"refused"}


async def test_a_store_that_names_the_same_page_for_ever_is_left(subject: Subject, served: Served) -> None:
    again = {"data": [], "next_cursor": "two", "meta": {"cursor": "two"}, "traces": []}
    served.answer = replying(lambda *_: again)
    await subject.came(query())
    assert len(served.asked) <= 3


async def test_the_secret_goes_as_the_settings_have_it(subject: Subject, served: Served) -> None:
    await subject.came(query(TRACE))
    assert {one["authorization"] for one in served.headers} == {f"Bearer {SECRET}"}


async def test_the_newest_traces_of_a_large_window_are_kept() -> None:
    def many(_: str, __: dict[str, str]) -> Any:
        spans = [
            {
                **PHOENIX_SPANS[0],
                "context": {"trace_id": f"{number:032x}", "span_id": AGENT},
                "start_time": iso(number),
                "end_time": iso(number),
            }
            for number in range(1, 31)
        ]
        return {"data": spans, "next_cursor": None}

    with serving(replying(many)) as server:
        one = Subject(
            kind=phoenix.KIND,
            entry=entry("phoenix", TRACE_KIND, options={"url": server.url, "project": "p"}),
            means=means(SourceSettings(private_hosts=(server.place,))),
            take_away=lambda: None,
        )
        got = await one.came(query())
    assert len(got.items) == TRACES_AT_MOST
    assert f"{30:032x}" in {item.name for item in got.items}


async def test_attributes_that_langfuse_keeps_in_its_metadata_are_read() -> None:
    sent = {
        "attributes": {"andon.approval.decision": "approved"},
        "resourceAttributes": '{"service.name": "desk"}',
    }
    told = {"data": [{**OBSERVATIONS[0], "metadata": sent}], "meta": {}}
    with serving(replying(lambda *_: told)) as server:
        one = Subject(
            kind=langfuse.KIND,
            entry=entry("langfuse", TRACE_KIND, options={"url": server.url}),
            means=means(SourceSettings(private_hosts=(server.place,))),
            take_away=lambda: None,
        )
        (step,) = tree_of(await one.came(query(TRACE))).steps
    assert (step.service, step.facts["andon.approval.decision"]) == ("desk", "approved")
