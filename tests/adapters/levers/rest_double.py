"""Vendors' REST interfaces on this machine, as far as levers use them, answering as the real ones do."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

Reply = tuple[int, dict[str, Any]]
MISSING: Reply = (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"})
SERVED: Reply = (200, {"object": "chat.completion", "choices": [{"message": {"content": "pong"}}]})


class Vendor(Protocol):
    """Answers requests."""

    def answer(self, method: str, path: str, given: dict[str, Any], login: str) -> Reply:
        """Answer one request; `given` is its question or its JSON body."""


@dataclass
class Served:
    """Where a vendor answers, what it was asked, and how it fails if told to."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    broken: int | None = None

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")


@dataclass
class MlflowDouble:
    """MLflow 3.17's registry and gateway: aliases of versions, endpoints by name."""

    versions: dict[str, list[str]] = field(default_factory=lambda: {"refund_prompt": ["1", "2", "3"]})
    aliases: dict[str, str] = field(default_factory=lambda: {"production": "3"})
    endpoints: dict[str, str] = field(default_factory=lambda: {"e-1": "desk-model"})

    def answer(self, method: str, path: str, given: dict[str, Any], login: str) -> Reply:
        if path == "/gateway/mlflow/v1/chat/completions":
            return SERVED if given["model"] in self.endpoints.values() else MISSING
        if path.startswith("/api/3.0/mlflow/gateway/endpoints/"):
            return self._endpoint(method, path.rsplit("/", 1)[1], given)
        if given.get("name") not in self.versions:
            return MISSING
        if path.endswith("/registered-models/get"):
            listed = [{"alias": alias, "version": version} for alias, version in self.aliases.items()]
            model = {"name": given["name"], **({"aliases": listed} if listed else {})}
            return 200, {"registered_model": model}
        return self._alias(method, given)

    def _alias(self, method: str, given: dict[str, Any]) -> Reply:
        alias = given["alias"]
        if method == "POST":
            if given["version"] not in self.versions[given["name"]]:
                return MISSING
            self.aliases[alias] = given["version"]
            return 200, {}
        if method == "DELETE":
            self.aliases.pop(alias, None)
            return 200, {}
        if alias not in self.aliases:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "alias not found"}
        return 200, {"model_version": {"name": given["name"], "version": self.aliases[alias]}}

    def _endpoint(self, method: str, what: str, given: dict[str, Any]) -> Reply:
        found = self.endpoints.get(given["endpoint_id"])
        if found is None:
            return MISSING
        if (method, what) == ("POST", "update"):
            self.endpoints[given["endpoint_id"]] = found = given["name"]
        return 200, {"endpoint": {"endpoint_id": given["endpoint_id"], "name": found}}


@dataclass
class LiteLlmDouble:
    """LiteLLM 1.106's admin interface with a database, and its way of refusing."""

    master: str = "sk-master"
    keys: dict[str, bool] = field(default_factory=dict)
    models: dict[str, bool] = field(default_factory=lambda: {"m-1": False})

    def know(self, key: str) -> None:
        """Let a key be used."""
        self.keys[hashlib.sha256(key.encode()).hexdigest()] = False

    def answer(self, method: str, path: str, given: dict[str, Any], login: str) -> Reply:
        key = login.removeprefix("Bearer ")
        if path == "/v1/chat/completions":
            return self._served(key)
        if key != self.master:
            return 401, {"error": {"message": "Authentication Error", "type": "auth_error", "code": "401"}}
        what, verb = path.removeprefix("/").split("/")
        known, name = (self.keys, "key") if what == "key" else (self.models, "model_id")
        named = given.get(name) or given["litellm_model_id"]
        if verb in {"block", "unblock"}:
            if named not in known:
                return 404, {"error": {"message": "Key not found.", "type": "not_found_error"}}
            known[named] = verb == "block"
            return 200, {name: named, "blocked": known[named]}
        if what == "model":
            rows = [{"model_info": {"id": named, "blocked": known[named]}}] if named in known else []
            return 200, {"data": rows}
        if named not in known:
            return 404, {"error": {"message": "Key not found in database"}}
        return 200, {"key": named, "info": {"blocked": known[named]}}

    def _served(self, key: str) -> Reply:
        blocked = self.keys.get(hashlib.sha256(key.encode()).hexdigest())
        if blocked is not False:
            return 401, {"error": {"message": "Authentication Error", "type": "auth_error", "code": "401"}}
        if all(self.models.values()):
            return 403, {"error": {"message": "Model is blocked", "code": "403"}}
        return SERVED


@contextmanager
def serving(vendor: Vendor) -> Iterator[Served]:
    """Serve a vendor on a free port."""
    served = Served()
    one_at_a_time = threading.Lock()

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            place = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            given = json.loads(body) if body else dict(parse_qsl(place.query))
            with one_at_a_time:
                served.asked.append(f"{self.command} {place.path}")
                login = self.headers.get("Authorization", "")
                status, reply = vendor.answer(self.command, place.path, given, login)
            self._reply(served.broken or status, json.dumps(reply).encode())

        def _reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
