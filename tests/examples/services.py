"""Small real HTTP servers in the place of Andon: a flag service, a trace receiver, an incident door."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TOKEN = "token-of-the-desk"
LEVER_TOKEN = "token-of-its-levers"
DENIED = {"incident": "INC-20260101-abc123", "reason": "Refunds are being checked.", "contact": "desk lead"}


@dataclass
class Request:
    """One request as a server saw it."""

    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, str, bytes]


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """Serve POST requests with `answer` on a free port for the length of a block."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Buffered, so that an answer leaves in one packet: two would wait 40 ms for an acknowledgement.
        wbufsize = -1

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, kind, body = answer(Request(self.path, headers, self.rfile.read(length)))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
            """Keep the test output free of access logs."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, "application/json", json.dumps(content).encode()


@dataclass
class Flags:
    """An OFREP service whose switches a test sets."""

    values: dict[str, Any] = field(default_factory=dict)
    quarantined: set[str] = field(default_factory=set)
    refusing: int | None = None
    silent: bool = False
    released: threading.Event = field(default_factory=threading.Event)

    def allow_everything(self) -> None:
        switches = (
            "allowed",
            "tool.issue_refund.allowed",
            "unreviewed.allowed",
            "source.policies.allowed",
            "session.allowed",
        )
        self.values = {f"refund_desk.{name}": True for name in switches}
        self.values["refund_desk.rate_limit"] = 100_000

    def answer(self, request: Request) -> Answer:
        if self.silent:
            self.released.wait(20)
        if self.refusing is not None:
            return _json(self.refusing, {"errorDetails": "refused"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, {})
        key = request.path.removeprefix("/ofrep/v1/evaluate/flags/")
        if key not in self.values:
            return _json(404, {"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": "unknown"})
        value = self.values[key]
        asking = json.loads(request.body)["context"]["targetingKey"]
        if key == "refund_desk.session.allowed" and asking in self.quarantined:
            value = False
        metadata = {} if value is True or value == 100_000 else DENIED
        variant = str(value).lower()
        return _json(
            200, {"key": key, "value": value, "variant": variant, "reason": "STATIC", "metadata": metadata}
        )


@dataclass
class Traces:
    """An OTLP/HTTP receiver that keeps the spans it is sent."""

    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, request: Request) -> Answer:
        if request.path != "/v1/traces" or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, {})
        assert request.headers["content-type"] == "application/x-protobuf"
        zipped = request.headers.get("content-encoding") == "gzip"
        export = ExportTraceServiceRequest.FromString(
            gzip.decompress(request.body) if zipped else request.body
        )
        with self.arrived:
            for resource in export.resource_spans:
                attributes = {a.key: a.value.string_value for a in resource.resource.attributes}
                self.services.add(attributes["service.name"])
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)
            self.arrived.notify_all()
        return 200, "application/x-protobuf", b""

    def of(self, trace_id: str, timeout: float = 5.0) -> list[Span]:
        """Wait until the root span of a trace is here, and return its spans in order of their start."""

        def whole() -> list[Span]:
            spans = [span for span in self.spans if span.trace_id.hex() == trace_id]
            return spans if any(not span.parent_span_id for span in spans) else []

        with self.arrived:
            assert self.arrived.wait_for(lambda: bool(whole()), timeout), "the trace did not arrive"
            return sorted(whole(), key=lambda span: span.start_time_unix_nano)


@dataclass
class Door:
    """An incident door that accepts every detection, after a number of failures."""

    detections: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, {"title": "unknown token"})
        self.paths.append(request.path)
        self.detections.append(json.loads(request.body))
        return _json(202, {"receipt": "r-1", "outcome": "opened", "incident": DENIED["incident"]})


def attributes_of(span: Span) -> dict[str, Any]:
    """Return a span's attributes with plain values."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value") or "string_value") for a in span.attributes}


def until(condition: Callable[[], bool], timeout: float = 10.0) -> None:
    """Wait a bounded time for `condition`."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "the awaited condition did not come"
        threading.Event().wait(0.02)
