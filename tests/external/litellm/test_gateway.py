"""A real LiteLLM proxy: stopped by a flag through the hook, and honest where it has no admin interface."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.gateway import KIND, GatewayPoint
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.config import DatabaseSettings
from andon.domain.containment import Lever, Verb
from andon.domain.errors import LeverAwayError
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN, OfrepServer
from tests.adapters.levers.contract import OTHER, Subject
from tests.adapters.levers.means import means_for
from tests.external.conftest import ROOT, Running, running
from tests.external.figures import note, seconds_since, ticks
from tests.register.cases import PAUSE

pytestmark = pytest.mark.timeout(400)  # a server on a busy machine takes minutes to start
MASTER = "sk-master"
ROUTE = "refund_desk.route.desk_model.allowed"
CONFIG = """
model_list:
  - model_name: desk-model
    litellm_params: {model: openai/any, api_key: none, mock_response: pong}
litellm_settings:
  callbacks: litellm_hook.andon
general_settings:
  master_key: sk-master
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("litellm")


@pytest.fixture(scope="module")
def databases(folder: Path) -> Iterator[Databases]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{folder}/switches.db",
        register_url=f"sqlite:///{folder}/register.db",
        recorder_url=f"sqlite:///{folder}/recorder.db",
    )
    migrate(settings)
    opened = open_databases(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[OfrepServer]:
    server = OfrepServer(Switches(databases.switches))
    server.normal |= {PAUSE: True, ROUTE: True}
    yield server
    server.close()


@pytest.fixture
def ofrep(door: OfrepServer) -> OfrepServer:
    door.answers.clear()
    return door


@pytest.fixture(scope="module")
def proxy(folder: Path, door: OfrepServer) -> Iterator[Running]:
    (folder / "config.yaml").write_text(CONFIG)
    shutil.copy(ROOT / "andon/integrations/litellm_hook.py", folder)
    command = ["litellm", "--config", "config.yaml", "--host", "127.0.0.1", "--port", "{port}"]
    environment = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "ANDON_URL": door.url,
        "ANDON_TOKEN": TOKEN,
        "ANDON_FLAGS": "refund_desk.allowed, refund_desk.route.{model}.allowed",
    }
    with running(folder, command, "/health/liveliness", environment) as there:
        note("litellm", version="1.106.2", seconds_to_start=there.started_in)
        yield there


def asked(proxy: Running) -> httpx.Response:
    message = {"model": "desk-model", "messages": [{"role": "user", "content": "ping"}]}
    login = {"Authorization": f"Bearer {MASTER}"}
    return httpx.post(f"{proxy.url}/v1/chat/completions", json=message, headers=login, timeout=30)


def gateway_lever(proxy: Running) -> Lever:
    named = {"flavour": "litellm", "url": proxy.url, "access": "admin", "probe": "admin"}
    return Lever(
        id="refund_desk.disable_route.desk_model",
        adapter="gateway",
        system="refund_desk",
        verb=Verb.DISABLE_ROUTE,
        target="desk_model",
        options={**named, "model": "desk-model", "model_id": "m-1"},
    )


async def test_a_flag_stops_the_next_request_and_tells_why(
    proxy: Running, ofrep: OfrepServer, databases: Databases
) -> None:
    assert asked(proxy).status_code == 200
    pause = Lever(id=PAUSE, adapter="flag", system="refund_desk", verb=Verb.PAUSE_SYSTEM)
    control = FlagLever(Switches(databases.switches), OpenFeatureProbe(ofrep.url, SecretStr(TOKEN)))
    subject = Subject(control, pause, asyncio.Event().wait)
    look = GatewayPoint(means_for(databases, proxy.place, secrets={"admin": MASTER})).look
    one = gateway_lever(proxy)
    first, second = subject.order(), subject.order(incident=OTHER)
    assert not (await look(one, first.hold(first.ordered_at))).held

    began = ticks()
    await subject.apply(first)
    refused = asked(proxy)
    note("litellm", seconds_to_refusal=seconds_since(began))
    assert refused.status_code == 403
    assert first.incident in refused.text
    assert PAUSE in refused.text
    assert (await look(one, first.hold(first.ordered_at))).held

    await subject.apply(second)
    await subject.release(first)
    assert asked(proxy).status_code == 403
    await subject.release(second)
    assert asked(proxy).status_code == 200


async def test_what_is_no_plain_yes_is_a_refusal(proxy: Running, ofrep: OfrepServer) -> None:
    assert asked(proxy).status_code == 200
    answers: tuple[tuple[int, dict[str, object]], ...] = (
        (500, {}),
        (200, {"value": "true"}),
        (404, {"value": True}),
    )
    for answer in answers:
        ofrep.answers[ROUTE] = answer
        assert asked(proxy).status_code == 403


async def test_a_gateway_without_a_database_never_counts_as_stopped(
    proxy: Running, ofrep: OfrepServer, databases: Databases
) -> None:
    control = KIND.make(means_for(databases, proxy.place, secrets={"admin": MASTER}))
    subject = Subject(control, gateway_lever(proxy), asyncio.Event().wait)
    put = subject.order(9)  # the databases are shared, and with them what other tests ordered
    with pytest.raises(LeverAwayError):
        await subject.apply(put)
    proof = await subject.probe(put)
    assert (proof.held, proof.saw) == (False, "200")
