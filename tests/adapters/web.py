"""A local HTTP server that answers as it is told and remembers what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """What the server answers, what it was asked, and the bodies it got."""

    def __init__(self) -> None:
        self.status = 200
        self.outages = 0
        self.body = b"{}"
        self.encoding = ""
        self.asked: list[str] = []
        self.received: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def web() -> Iterator[Web]:
    told = Web()

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(503 if told.outages > 0 else told.status)
            told.outages -= 1
            self.send_header("Content-Length", str(len(told.body)))
            if told.encoding:
                self.send_header("Content-Encoding", told.encoding)
            self.end_headers()
            self.wfile.write(told.body)

        def do_POST(self) -> None:
            told.headers.append(dict(self.headers))
            told.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    told.url = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
