"""Where the demo's people are reached: a tiny HTTP server that keeps who was told what, and when."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Ring:
    """One notice that reached somebody."""

    person: str
    at: datetime
    title: str


@dataclass
class Bell:
    """All notices so far."""

    address: str = ""
    rings: list[Ring] = field(default_factory=list)

    def told(self, person: str) -> list[Ring]:
        """Return what reached one person."""
        return [ring for ring in self.rings if ring.person == person]


@contextmanager
def ringing() -> Iterator[Bell]:
    """Take notices for the length of a block."""
    bell = Bell()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            title = str(json.loads(body).get("title", ""))
            bell.rings.append(Ring(person=self.path.strip("/"), at=datetime.now(UTC), title=title))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
            """Say nothing: the story is told elsewhere."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    bell.address = f"localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bell
    finally:
        server.shutdown()
        server.server_close()
