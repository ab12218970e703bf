"""The registry's alias and the gateway's endpoint as levers on a real MLflow server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from andon.adapters.levers import gateway, mlflow
from andon.adapters.levers.kinds import Levers
from andon.domain.containment import Lever, Verb
from andon.register.engine import Databases
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.means import means_for
from tests.external.conftest import Running, running
from tests.external.figures import note, seconds_since, ticks

pytestmark = pytest.mark.timeout(400)  # a server on a busy machine takes minutes to start
CACHED_SECONDS = 10
"""The least that MLflow's gateway takes for its cache."""
API = "/api/2.0/mlflow"
GATEWAY = "/api/3.0/mlflow/gateway"
CONSUMER = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
for _ in sys.stdin:
    print(mlflow.genai.load_prompt("prompts:/refund_prompt@production").template, flush=True)
"""
COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("mlflow")
    command = [
        *("mlflow", "server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1"),
        *("--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "artifacts"),
        *("--secrets-cache-ttl", str(CACHED_SECONDS)),
    ]
    environment = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
    }
    with running(folder, command, "/health", environment) as there:
        note("mlflow", version="3.17.2", seconds_to_start=there.started_in)
        yield there


@pytest.fixture(scope="module")
def admin(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def sent(admin: httpx.Client, path: str, **body: object) -> dict[str, Any]:
    answer = admin.post(path, json=body)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def registry(admin: httpx.Client) -> Iterator[httpx.Client]:
    """A prompt with two versions, of which the second is in use."""
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    sent(admin, f"{API}/registered-models/create", name="refund_prompt", tags=prompt)
    for text in ("careful", "reckless"):
        tags = [*prompt, {"key": "mlflow.prompt.text", "value": text}]
        sent(admin, f"{API}/model-versions/create", name="refund_prompt", source="prompt-template", tags=tags)
    sent(admin, f"{API}/registered-models/alias", name="refund_prompt", alias="production", version="2")
    yield admin
    admin.request(
        "DELETE", f"{API}/registered-models/delete", json={"name": "refund_prompt"}
    ).raise_for_status()


def prompt_lever(server: Running, cached: int = 0) -> Lever:
    return Lever(
        id="refund_desk.roll_back_prompt.refund_prompt",
        adapter="mlflow",
        system="refund_desk",
        verb=Verb.ROLL_BACK_PROMPT,
        target="refund_prompt",
        options={
            "url": server.url,
            "name": "refund_prompt",
            "alias": "production",
            "to_version": "1",
            "cache_seconds": str(cached),
        },
    )


class TestAlias(LeverContract):
    """The contract on the real registry."""

    @pytest.fixture
    async def subject(self, server: Running, registry: httpx.Client, databases: Databases) -> Subject:
        async def in_force() -> bool:
            named = {"name": "refund_prompt", "alias": "production"}
            asked = partial(registry.get, f"{API}/registered-models/alias", params=named)
            found = (await asyncio.to_thread(asked)).json()
            return bool(found["model_version"]["version"] == "1")

        control = mlflow.KIND.make(means_for(databases, server.place))
        return Subject(control=control, lever=prompt_lever(server), in_force=in_force)


async def test_an_alias_that_was_not_there_is_taken_away_again(
    server: Running, registry: httpx.Client, databases: Databases
) -> None:
    lever = prompt_lever(server).model_copy(
        update={"options": {**prompt_lever(server).options, "alias": "canary"}}
    )
    subject = Subject(mlflow.KIND.make(means_for(databases, server.place)), lever, asyncio.Event().wait)
    assert (await subject.probe(subject.order())).saw == "no_alias"
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).held
    await subject.release(subject.order())
    assert (await subject.probe(subject.order())).saw == "no_alias"


@pytest.fixture
async def consumer(
    server: Running, registry: httpx.Client, tmp_path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs as an application does: MLflow's own client, with its cache."""
    process = await asyncio.create_subprocess_exec(
        *(str(server.bin / "python"), "-c", CONSUMER, server.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS": "5"},
    )
    yield process
    process.kill()
    await process.wait()


async def loaded(consumer: asyncio.subprocess.Process) -> str:
    assert consumer.stdin is not None
    assert consumer.stdout is not None
    consumer.stdin.write(b"\n")
    return (await asyncio.wait_for(consumer.stdout.readline(), 60)).decode().strip()


async def test_what_a_running_consumer_has_cached_is_waited_out_before_proof(
    server: Running, databases: Databases, consumer: asyncio.subprocess.Process
) -> None:
    control = Levers(means_for(databases, server.place))["mlflow"]
    subject = Subject(control, prompt_lever(server, cached=5), asyncio.Event().wait)
    assert await loaded(consumer) == "reckless"
    await subject.apply(subject.order())
    began = ticks()
    assert await loaded(consumer) == "reckless"
    assert not (await subject.probe(subject.order())).held
    async with asyncio.timeout(30):
        while not (await subject.probe(subject.order())).held:
            await asyncio.sleep(0.2)
    proven = seconds_since(began)
    assert await loaded(consumer) == "careful"
    note("mlflow", prompt_proven_seconds=proven, prompt_cache_seconds=5)


@pytest.fixture
def model() -> Iterator[str]:
    class Request(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(COMPLETION).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    there = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    thread = Thread(target=there.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{there.server_port}/v1"
    there.shutdown()
    there.server_close()
    thread.join(timeout=10)


@pytest.fixture
def endpoint(admin: httpx.Client, model: str) -> str:
    secret = sent(
        admin,
        f"{GATEWAY}/secrets/create",
        secret_name="key",
        secret_value={"api_key": "sk-x"},
        provider="openai",
        auth_config={"api_base": model},
    )
    definition = sent(
        admin,
        f"{GATEWAY}/model-definitions/create",
        name="one",
        secret_id=secret["secret"]["secret_id"],
        provider="openai",
        model_name="gpt-4o",
    )["model_definition"]["model_definition_id"]
    linked = [{"model_definition_id": definition, "linkage_type": "PRIMARY", "weight": 1.0}]
    made = sent(admin, f"{GATEWAY}/endpoints/create", name="desk-model", model_configs=linked)
    # The gateway loads what it needs at its first request, which takes longer than a probe waits.
    first = {"model": "desk-model", "messages": [{"role": "user", "content": "ping"}]}
    sent(admin, "/gateway/mlflow/v1/chat/completions", **first)
    return str(made["endpoint"]["endpoint_id"])


async def test_an_endpoint_is_refused_once_the_gateway_s_cache_has_ended_and_served_again(
    server: Running, databases: Databases, endpoint: str
) -> None:
    options = {
        "flavour": "mlflow",
        "url": server.url,
        "endpoint_id": endpoint,
        "model": "desk-model",
        "cache_seconds": str(CACHED_SECONDS),
    }
    lever = Lever(
        id="refund_desk.disable_route.model",
        adapter="gateway",
        system="refund_desk",
        verb=Verb.DISABLE_ROUTE,
        target="model",
        options=options,
    )
    subject = Subject(gateway.KIND.make(means_for(databases, server.place)), lever, asyncio.Event().wait)
    assert (await subject.probe(subject.order())).saw == "200"
    await subject.apply(subject.order())
    began = ticks()
    assert (await subject.probe(subject.order())).saw == "200"
    async with asyncio.timeout(3 * CACHED_SECONDS):
        while not (await subject.probe(subject.order())).held:
            await asyncio.sleep(0.2)
    note("mlflow", gateway_cache_seconds=CACHED_SECONDS, gateway_proven_seconds=seconds_since(began))
    assert (await subject.probe(subject.order())).saw == "404"
    await subject.release(subject.order())
    assert (await subject.probe(subject.order())).saw == "200"
