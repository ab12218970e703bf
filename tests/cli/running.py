"""Running the real program, and a small real server for it to talk to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TIMEOUT_SECONDS = 60


def andon(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, check: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `andon` as its own process, with none of this process's ANDON_ settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANDON_")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "andon.cli.main", *map(str, words)],
        cwd=cwd,
        env={**inherited, "COLUMNS": "120", "TZ": "UTC", **(env or {})},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if check is not None:
        assert done.returncode == check, done.stdout + done.stderr
    return done


@dataclass
class Call:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    body: Any
    key: str | None


@dataclass
class Servant:
    """Answers paths from a table, in the shapes of the real console and door."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def ready(self, path: Path, **more: Any) -> Path:
        """Write a ready file that points here."""
        path.write_text(
            json.dumps(
                {
                    "console": self.url,
                    "door": self.url,
                    "tokens": {
                        role: f"token-{role}" for role in ("responder", "reporter", "auditor", "legal")
                    },
                    **more,
                }
            )
        )
        return path


@contextmanager
def serving(servant: Servant) -> Iterator[Servant]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self._answer("POST", json.loads(self.rfile.read(length)))

        def _answer(self, method: str, body: Any) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            key = self.headers.get("Idempotency-Key")
            servant.calls.append(Call(method, parts.path, query, token, body, key))
            status, answer = servant.answers.get(parts.path, (404, {"detail": f"no {parts.path}"}))
            content = json.dumps(answer(query) if callable(answer) else answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    servant.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield servant
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
