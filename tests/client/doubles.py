"""A door that misbehaves in one way: a real server on a real socket."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Way(StrEnum):
    """How a door answers."""

    WELL = "well"
    HANGS = "hangs"
    DRIPS = "drips"
    BREAKS_OFF = "breaks off"
    NO_JSON = "no JSON"
    NO_VALUE = "no value"
    ENDLESS = "endless"
    UNAUTHORIZED = "401"
    MISSING = "404"
    BUSY = "429"
    BROKEN = "500"
    AWAY = "503"
    ELSEWHERE = "302"


@dataclass
class Double:
    """What the door says, and how; both can change while it runs."""

    way: Way = Way.WELL
    value: Any = True
    key: str = "refund_desk.allowed"
    metadata: dict[str, Any] = field(default_factory=dict)
    variant: str = "normal"
    asked: int = 0
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def door(double: Double, port: int = 0) -> Iterator[Double]:
    """Serve a double until the block ends."""
    double.ended.clear()

    connections: list[socket.socket] = []

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.connection)

        def do_POST(self) -> None:
            double.asked += 1
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            _answer(self, double, bulk=self.path.endswith("/flags"))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Request)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield double
    finally:
        double.ended.set()
        server.shutdown()
        server.server_close()
        serving.join(timeout=5)
        for one in connections:
            with suppress(OSError):  # the other side has closed it before
                one.shutdown(socket.SHUT_RDWR)


def _answer(request: BaseHTTPRequestHandler, double: Double, *, bulk: bool) -> None:
    way = double.way
    if way is Way.HANGS:
        double.ended.wait(120)
        request.close_connection = True
    elif way is Way.BREAKS_OFF:
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True
    elif way is Way.DRIPS:
        _drip(request, double)
    elif way in (Way.WELL, Way.NO_JSON, Way.NO_VALUE, Way.ENDLESS):
        _send(request, 200, _body(double, bulk=bulk))
    else:
        _send(request, int(way), b'{"errorCode": "GENERAL", "errorDetails": "so it goes"}')


def _body(double: Double, *, bulk: bool) -> bytes:
    told = {"key": double.key, "reason": "STATIC", "variant": double.variant, "metadata": double.metadata}
    if double.way is Way.NO_JSON:
        return b"<html>"
    if double.way is Way.ENDLESS:
        return b" " * 10_000_000
    whole = told if double.way is Way.NO_VALUE else {**told, "value": double.value}
    return json.dumps({"flags": [whole]} if bulk else whole).encode()


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    if status == 429:
        request.send_header("Retry-After", "1")
    if status == 302:
        request.send_header("Location", "http://127.0.0.1:1/")
    request.end_headers()
    try:
        request.wfile.write(body)
    except OSError:
        request.close_connection = True  # the client had heard enough


def _drip(request: BaseHTTPRequestHandler, double: Double) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    until = time.monotonic() + 30
    with suppress(OSError):  # the client has gone
        while time.monotonic() < until and not double.ended.wait(0.05):
            request.wfile.write(b" ")
            request.wfile.flush()
    request.close_connection = True
