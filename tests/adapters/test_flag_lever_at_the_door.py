"""The lever, its store and the door's own OFREP route, together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.api.authentication import PROBE, Caller, TokenBook
from andon.api.server import new_app
from andon.domain.containment import Verb
from andon.domain.system import AISystem, LeverEntry, Tier
from andon.door import ofrep
from andon.door.flags import Flags
from andon.door.session_digests import SessionDigests
from andon.register.engine import Databases
from andon.register.switches import Switches
from tests.adapters.conftest import TOKEN
from tests.api.server import running
from tests.register.cases import PAUSE, TOOL, order

SYSTEM = AISystem(
    id="refund_desk",
    name="Refund desk",
    tier=Tier.LOW,
    owner="bela",
    levers=(
        LeverEntry(verb=Verb.PAUSE_SYSTEM),
        LeverEntry(verb=Verb.DISABLE_TOOL, target="issue_refund"),
        LeverEntry(verb=Verb.RATE_LIMIT, normal=600),
    ),
)


@asynccontextmanager
async def no_background(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def door(databases: Databases, tmp_path: Path) -> AsyncIterator[str]:
    tokens = TokenBook(tmp_path / "none.json", {TOKEN: Caller(person=PROBE, role=None)})
    app = new_app("door", tokens, no_background)
    app.include_router(ofrep.router)
    app.state.flags = Flags(Switches(databases.switches), SessionDigests(b"k" * 32))
    app.state.flags.register([SYSTEM])
    async with running(app) as url:
        yield url


@pytest.mark.parametrize("key", [PAUSE, TOOL, "refund_desk.rate_limit"])
async def test_each_kind_of_flag_is_proven_and_released(databases: Databases, door: str, key: str) -> None:
    lever = FlagLever(Switches(databases.switches), OpenFeatureProbe(door, SecretStr(TOKEN)))
    put = order(1, lever=key, limit=10)
    if key == TOOL:
        put = put.model_copy(update={"lever": put.lever.model_copy(update={"target": "issue_refund"})})
    await lever.apply(put, put.key("apply"), capture_within=timedelta(seconds=1))
    assert (await lever.probe(put)).held is True
    await lever.release(put, put.key("release"))
    assert (await lever.probe(put)).held is False


async def test_a_probe_that_the_door_does_not_know_proves_nothing(databases: Databases, door: str) -> None:
    lever = FlagLever(Switches(databases.switches), OpenFeatureProbe(door, SecretStr("stranger")))
    put = order(1, lever=PAUSE)
    await lever.apply(put, put.key("apply"), capture_within=timedelta(seconds=1))
    proof = await lever.probe(put)
    assert (proof.held, proof.saw) == (False, "error/GENERAL")
