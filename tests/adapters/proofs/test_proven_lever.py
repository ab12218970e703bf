"""A lever with the whole of its proof: caches, looks in a row, requests, spans and the consumer's path."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from andon.adapters.levers.flag import Look
from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.outgoing import Outgoing
from andon.adapters.proofs.consumer import ConsumerLook
from andon.adapters.proofs.proven import FurtherLook, ProvenLever
from andon.adapters.proofs.request import MARK, RequestLook
from andon.adapters.proofs.spans import SpansLook
from andon.config import LeverSettings
from andon.domain.containment import Lever, Order, Proof, Verb
from andon.domain.proof import Finding, Ground
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from andon.register.spans import SpanRow, Spans
from tests.adapters.levers.contract import OTHER, WITHIN, LeverContract, Subject
from tests.adapters.levers.memory import MemoryPoint
from tests.adapters.levers.test_contract import CREDENTIAL
from tests.register.cases import order

SECRET = "c2VjcmV0IG9mIHRoZSBwcm9iZQ=="
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOOL = Lever(
    id="refund_desk.disable_tool.pay",
    adapter="memory",
    system="refund_desk",
    verb=Verb.DISABLE_TOOL,
    target="pay",
)


@dataclass
class Desk:
    """An AI system that answers synthetic requests."""

    url: str = ""
    status: int = 403
    said: dict[str, object] = field(default_factory=dict)
    heard: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = json.dumps(found.said).encode()
            self.send_response(found.status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/tickets"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass
class Clock:
    """Time as the test has it."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def skip(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FixedProbe:
    """A client of the flag that always gets the same."""

    value: bool | int | None = False

    async def look(self, key: str, *, number: bool, about: str = "") -> Look:
        return Look(value=self.value, code=f"{key}/{self.value}".lower())


@dataclass
class Bench:
    """One lever in memory with all further looks."""

    databases: Databases
    desk: Desk
    point: MemoryPoint = field(default_factory=MemoryPoint)
    clock: Clock = field(default_factory=Clock)
    probe: FixedProbe = field(default_factory=FixedProbe)

    def __post_init__(self) -> None:
        self.held = HeldLevers(self.databases.switches)
        self.spans = Spans(self.databases.recorder)
        place = self.desk.url.split("/")[2]
        calls = Outgoing(LeverSettings(private_hosts=(place,)))
        looks: dict[Ground, FurtherLook] = {
            Ground.CONSUMER: ConsumerLook(self.probe),
            Ground.REQUEST: RequestLook(calls, lambda _lever, _option: SecretStr(SECRET)),
            Ground.SPANS: SpansLook(self.spans),
        }
        self.lever = ProvenLever(
            HeldLever(self.point, self.held, self.clock), self.held.changed_at, looks, self.clock
        )

    def order(self, *proofs: Ground, incident: str = "", **options: str) -> Order:
        lever = TOOL.model_copy(update={"proofs": proofs, "options": options})
        put = order(1, incident=incident) if incident else order(1)
        return put.model_copy(update={"lever": lever})

    async def applied(self, put: Order) -> Order:
        await self.lever.apply(put, put.key("apply"), capture_within=WITHIN)
        return put

    async def proven(self, put: Order) -> Proof:
        return await self.lever.probe(await self.applied(put))

    def span(self, name: str, start: float, end: float) -> None:
        """Record a span; seconds count from the moment the clock began."""
        number = f"{self.spans.counts().spans + 1:016x}"
        row = SpanRow(
            trace_id=number * 2,
            span_id=number,
            parent=None,
            service="refund_desk",
            name=name,
            start=START + timedelta(seconds=start),
            end=START + timedelta(seconds=end),
            attributes=b"{}",
            size=10,
            received_at=START,
        )
        self.spans.add([row])


@pytest.fixture
def bench(databases: Databases, desk: Desk) -> Bench:
    return Bench(databases, desk)


class TestProvenLever(LeverContract):
    @pytest.fixture
    async def subject(self, databases: Databases) -> Subject:
        point, held = MemoryPoint(), HeldLevers(databases.switches)

        async def in_force() -> bool:
            return point.states.get(CREDENTIAL.id, "free") != "free"

        control = ProvenLever(HeldLever(point, held), held.changed_at, {})
        return Subject(control=control, lever=CREDENTIAL, in_force=in_force)


async def test_no_look_counts_until_caches_have_run_out(bench: Bench) -> None:
    put = await bench.applied(bench.order(cache_seconds="60"))
    bench.clock.skip(59)
    early = await bench.lever.probe(put)
    assert (early.held, early.saw, early.ready_at) == (
        False,
        "waiting_for_caches",
        START + timedelta(seconds=60),
    )
    bench.clock.skip(1)
    late = await bench.lever.probe(put)
    assert (late.held, late.ready_at) == (True, None)


async def test_caches_count_anew_when_another_incident_changes_the_lever(bench: Bench) -> None:
    first = await bench.applied(bench.order(cache_seconds="60"))
    bench.clock.skip(61)
    assert (await bench.lever.probe(first)).held
    await bench.applied(bench.order(cache_seconds="60", incident=OTHER))
    assert not (await bench.lever.probe(first)).held


async def test_one_that_alternates_is_not_held(bench: Bench) -> None:
    put = await bench.applied(bench.order())
    looks = iter((True, False))
    bench.point.on_look = lambda _: Seen(held=next(looks), saw="free", via="memory")
    found = await bench.lever.probe(put)
    assert (found.held, found.saw) == (False, "flapping/free")


@pytest.mark.parametrize(
    ("value", "finding"), [(False, Finding.HELD), (True, Finding.NOT_HELD), (None, Finding.UNPROVEN)]
)
async def test_the_consumers_flag_must_say_no(bench: Bench, value: bool | None, finding: Finding) -> None:
    bench.probe.value = value
    found = await bench.proven(bench.order(Ground.CONSUMER, flag="refund_desk.allowed"))
    assert found.held is (finding is Finding.HELD)
    assert [(one.ground, one.finding) for one in found.parts] == [
        ("lever", Finding.HELD),
        ("consumer", finding),
    ]


@pytest.mark.parametrize(
    ("status", "held", "saw"),
    [(403, True, "held/0"), (200, False, "request:200"), (500, False, "request:500")],
)
async def test_a_synthetic_request_must_be_turned_away(
    bench: Bench, desk: Desk, status: int, held: bool, saw: str
) -> None:
    desk.status, desk.said = status, {"queue": {"waiting": 7}}
    found = await bench.proven(
        bench.order(
            Ground.REQUEST,
            request_url=desk.url,
            request_body='{"text": "probe"}',
            request_stopped="403",
            request_secret="probe",
            request_backlog="queue.waiting",
        )
    )
    assert (found.held, found.saw) == (held, saw)
    assert found.parts[1].backlog == 7


async def test_a_probe_is_marked_and_signed(bench: Bench, desk: Desk) -> None:
    put = bench.order(
        Ground.REQUEST,
        request_url=desk.url,
        request_stopped="403",
        request_secret="probe",
        request_body='{"a":1}',
    )
    bench.clock.at = datetime.now(UTC)
    await bench.proven(put)
    [(headers, body)] = desk.heard
    assert headers[MARK] == put.id
    assert Webhook(SECRET).verify(body, dict(headers)) == {"a": 1}


async def test_a_system_that_does_not_answer_its_probe_is_not_proven(bench: Bench) -> None:
    put = bench.order(
        Ground.REQUEST, request_url="https://203.0.113.1:1/", request_stopped="403", request_secret="probe"
    )
    found = await bench.proven(put)
    assert (found.held, found.saw) == (False, "request:away")
    assert found.parts[1].finding is Finding.UNPROVEN


async def test_a_tool_seen_after_its_stop_is_not_held(bench: Bench) -> None:
    put = await bench.applied(bench.order(Ground.SPANS, request_span="answer"))
    bench.clock.skip(10)
    for second in (1, 2, 3):
        bench.span("answer", second, second + 1)
    bench.span("execute_tool pay", 2, 3)
    found = await bench.lever.probe(put)
    assert (found.held, found.saw) == (False, "spans:seen")


async def test_absence_without_traffic_proves_nothing_and_with_it_does(bench: Bench) -> None:
    put = await bench.applied(bench.order(Ground.SPANS, request_span="answer"))
    bench.clock.skip(10)
    bench.span("answer", -5, -4)
    bench.span("answer", 1, 2)
    bench.span("answer", 2, 3)
    assert (await bench.lever.probe(put)).saw == "spans:no_traffic"
    bench.span("answer", 3, 4)
    found = await bench.lever.probe(put)
    assert (found.held, found.saw) == (True, "held/0")


async def test_requests_under_way_when_the_stop_came_are_counted_apart(bench: Bench) -> None:
    put = await bench.applied(bench.order(Ground.SPANS, request_span="answer"))
    bench.clock.skip(10)
    bench.span("execute_tool pay", -1, 1)
    bench.span("execute_tool pay", -3, -2)
    for second in (1, 2, 3):
        bench.span("answer", second, second + 1)
    found = await bench.lever.probe(put)
    assert found.held
    assert [one.in_flight for one in found.parts] == [0, 1]


async def test_synthetic_requests_are_traffic_where_users_send_none(bench: Bench, desk: Desk) -> None:
    put = await bench.applied(
        bench.order(
            Ground.SPANS,
            Ground.REQUEST,
            request_span="answer",
            request_url=desk.url,
            request_stopped="403",
            request_secret="probe",
            spans_seconds="0",
        )
    )
    assert (await bench.lever.probe(put)).held
    assert len(desk.heard) == 3


async def test_a_free_lever_costs_the_ai_system_no_requests(bench: Bench, desk: Desk) -> None:
    bench.point.on_put = lambda _lever, _state: None
    put = bench.order(Ground.REQUEST, request_url=desk.url, request_stopped="403", request_secret="probe")
    assert not (await bench.proven(put)).held
    assert desk.heard == []
