"""The hook refuses unless it is told yes; tests/external/litellm runs it in the real proxy."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException

from andon.domain.containment import Lever, Verb
from andon.register.engine import Databases
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN, OfrepServer, databases, ofrep
from tests.register.cases import PAUSE, order

__all__ = ["databases", "ofrep"]

FILE = Path(__file__).parents[2] / "andon/integrations/litellm_hook.py"
ROUTE = "refund_desk.route.gpt_4o.allowed"
REQUEST = {"model": "GPT-4o"}
NO_YES: tuple[object, ...] = ({}, {"value": 1}, {"value": None}, {"value": False, "metadata": "none"}, [True])
BASE = '''
class CustomLogger:
    """What LiteLLM gives its callbacks as a base."""
'''


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ofrep: OfrepServer) -> Iterator[Path]:
    """A proxy's environment, with a base class where LiteLLM has its own."""
    folder = tmp_path / "litellm" / "integrations"
    folder.mkdir(parents=True)
    (folder / "custom_logger.py").write_text(BASE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ANDON_URL", ofrep.url)
    monkeypatch.setenv("ANDON_TOKEN", TOKEN)
    monkeypatch.setenv("ANDON_FLAGS", "refund_desk.allowed, refund_desk.route.{model}.allowed")
    ofrep.normal |= {PAUSE: True, ROUTE: True}
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "litellm"]:
        del sys.modules[name]


async def asked() -> object:
    """Load the file as a proxy does, and send it a request."""
    spec = importlib.util.spec_from_file_location("litellm_hook", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        return await module.andon.async_pre_call_hook(None, None, dict(REQUEST), "completion")
    finally:
        await module.andon.aclose()


async def refused() -> dict[str, str]:
    """Send a request that must not go on, and return what its sender is told."""
    with pytest.raises(HTTPException) as refusal:
        await asked()
    assert refusal.value.status_code == 403
    told: Any = refusal.value.detail
    return dict(told)


async def test_a_request_that_each_flag_allows_goes_on_as_it_was(proxy: Path, ofrep: OfrepServer) -> None:
    assert await asked() == REQUEST
    assert ofrep.tokens == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("held", [pytest.param(PAUSE, marks=pytest.mark.long), ROUTE])
async def test_a_hold_on_any_of_them_is_a_refusal_that_names_the_incident(
    proxy: Path, databases: Databases, held: str
) -> None:
    verb = Verb.PAUSE_SYSTEM if held == PAUSE else Verb.DISABLE_ROUTE
    lever = Lever(id=held, adapter="flag", system="refund_desk", verb=verb)
    put = order(1).model_copy(update={"lever": lever})
    Switches(databases.switches).put_hold(
        put.hold(put.ordered_at), put.key("apply"), None, at=put.ordered_at, gap="timeout"
    )
    refusal = await refused()
    assert refusal["error"] == "stopped"
    assert refusal["incident"] == put.incident


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"value": "true"}),
        *(pytest.param(status, {"value": True}, marks=pytest.mark.long) for status in (302, 401, 404, 500)),
        *(pytest.param(200, body, marks=pytest.mark.long) for body in NO_YES),
    ],
)
async def test_whatever_is_not_a_plain_yes_is_a_refusal(
    proxy: Path, ofrep: OfrepServer, status: int, body: dict[str, object]
) -> None:
    ofrep.answers[ROUTE] = (status, body)
    refusal = await refused()
    assert refusal["flag"] == ROUTE


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("", "no url", "http://[::1")),
    ],
)
async def test_a_door_that_does_not_answer_is_a_refusal(
    proxy: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ANDON_URL", url)
    refusal = await refused()
    assert refusal["reason"] == "unreachable"


async def test_with_no_flag_named_nothing_goes_on(proxy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDON_FLAGS")
    assert await refused() == {"error": "stopped", "reason": "not_configured"}


def test_it_can_be_copied_since_it_imports_nothing_of_andon() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(FILE.read_text("utf-8")))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "httpx", "fastapi", "litellm"}
