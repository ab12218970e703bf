"""A vendor on a real port: keeps levers by the HTTP contract, takes webhooks, and misbehaves as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TOKEN = "vendor-token"
WEBHOOK_SECRET = "whsec_bGV2ZXItc2VjcmV0LW9mLXRoZS10ZXN0cw=="
Reply = tuple[int, Any]

RESTING: dict[str, dict[str, Any]] = {
    "block_source": {"blocked": False},
    "roll_back_index": {"version": "2026-03"},
    "quarantine_records": {"quarantined": []},
    "block_writes": {"writes": True},
    "quarantine_session": {"sessions": []},
    "switch_to_fallback": {"answers": "main"},
    "enforce_filter": {"filter": ""},
    "narrow_permissions": {"profile": "wide"},
}


def contained(verb: str, asked: dict[str, str]) -> dict[str, Any]:
    """What is served under a hold."""
    by_verb: dict[str, dict[str, Any]] = {
        "block_source": {"blocked": True},
        "roll_back_index": {"version": asked.get("to")},
        "quarantine_records": {"quarantined": asked.get("records", "").split(",")},
        "block_writes": {"writes": False},
        "quarantine_session": {"sessions": [asked.get("session", "*")]},
        "switch_to_fallback": {"answers": asked.get("to", "fallback")},
        "enforce_filter": {"filter": asked.get("to", "all")},
        "narrow_permissions": {"profile": asked.get("to", "narrow")},
    }
    return by_verb[verb]


@dataclass
class Vendor:
    """What is set, what is served, and what was asked; `served` follows `state` unless `deaf`."""

    url: str = ""
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    served: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    deaf: bool = False
    repeats_holds: bool = True
    before: Callable[[str, str], Reply | None] | None = None
    """Answers in the vendor's place."""
    after: Callable[[str, str], Reply | None] | None = None
    """Answers in the vendor's place, once the effect is there."""

    def in_force(self, lever: str) -> bool:
        return self.holds.get(lever) is not None

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.requests.append((method, path))
        replaced = self.before(method, path) if self.before else None
        if replaced is not None:
            return replaced
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        reply = self._routed(method, parts.path.strip("/").split("/"), asked, headers, body)
        return (self.after(method, path) if self.after else None) or reply

    def _routed(
        self, method: str, place: list[str], asked: dict[str, str], headers: dict[str, str], body: bytes
    ) -> Reply:
        if place[0] == "hooks":
            return self._hooked(method, place[1], headers, body)
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {}
        kind, verb, target = place
        lever = f"{verb}/{target}"
        if verb not in RESTING or target == "unknown":
            return 404, {}
        if kind == "look":
            held = self.served.get(lever, RESTING[verb]) == contained(verb, asked)
            return 200, {"held": held, "saw": "contained" if held else "as_before"}
        if method == "PUT":
            return self._put(lever, verb, headers["idempotency-key"], body)
        return 200, self._standing(lever, verb)

    def _put(self, lever: str, verb: str, key: str, body: bytes) -> Reply:
        if self.keys.setdefault(key, body) != body:
            return 409, {}
        if key not in self.effects:
            self.effects.append(key)
            told = json.loads(body)
            hold = told["hold"]
            self._set(lever, hold, contained(verb, hold) if hold else told["state"])
        return 200, self._standing(lever, verb)

    def _set(self, lever: str, hold: dict[str, Any] | None, state: dict[str, Any]) -> None:
        self.holds[lever], self.state[lever] = hold, state
        if not self.deaf:
            self.served[lever] = state

    def _standing(self, lever: str, verb: str) -> dict[str, Any]:
        hold = self.holds.get(lever)
        stands: dict[str, Any] = {
            "held": hold is not None,
            "state": self.state.get(lever, RESTING.get(verb, {"limit": 600})),
        }
        if self.repeats_holds:
            stands["hold"] = hold
        return stands

    def _hooked(self, method: str, what: str, headers: dict[str, str], body: bytes) -> Reply:
        try:
            Webhook(WEBHOOK_SECRET).verify(body, headers, json_parse=False)
        except WebhookVerificationError:
            return 401, {}
        if method == "GET":
            denied = self.served.get("hook", {}) == {"limit": 0}
            if what == "state":
                return 200, self._standing("hook", "hook")
            if what == "path":
                return (503 if denied else 200), {}
            return 200, {"held": denied, "saw": "denied" if denied else "served"}
        key, told = headers["idempotency-key"], json.loads(body)
        if key != headers["webhook-id"] or self.keys.setdefault(key, body) != body:
            return 409, {}
        if key not in self.effects:
            self.effects.append(key)
            held = told["type"] == "lever.hold"
            names = {"order", "incident", "reason", "contact", "since", "expires_at", "limit"}
            hold = {name: value for name, value in told["data"].items() if name in names}
            self._set("hook", hold if held else None, {"limit": 0 if held else 600})
        return 202, {}


@contextmanager
def vendor() -> Iterator[Vendor]:
    there = Vendor()
    lock = threading.Lock()

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                status, reply = there.answer(self.command, self.path, headers, body)
            content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            if status == 0:  # the answer is lost
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    there.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield there
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
