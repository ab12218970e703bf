"""A local HTTP server that answers by path as it is told, whole or broken, and remembers what was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """One answer; `cut` bytes of its body are announced and never sent."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    ahead: timedelta = timedelta(0)
    """How far the server's clock is ahead."""


@dataclass
class Served:
    """The server: what it answers, and what it was asked."""

    answer: Callable[[str], Reply]
    place: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    """Set: it takes requests and answers none until it is closed."""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://{self.place}"


@contextmanager
def serving(answer: Callable[[str], Reply]) -> Iterator[Served]:
    served = Served(answer)

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            if served.silent.is_set():
                served.closing.wait(timeout=30)
                return
            reply = served.answer(self.path)
            self.send_response_only(reply.status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + reply.ahead, usegmt=True))
            self.send_header("Content-Length", str(len(reply.body) + reply.cut))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever asked may have gone
                self.wfile.write(reply.body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    served.place = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
