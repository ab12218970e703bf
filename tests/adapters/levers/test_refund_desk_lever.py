"""Both sides of the HTTP lever contract: Andon's lever, and the refund desk that serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from andon.domain.containment import Verb
from andon.register.engine import Databases
from examples.refund_desk.lever_routes import lever_refusals, lever_routes
from examples.refund_desk.levers import LEVERS, DeskLevers
from examples.refund_desk.publications import Shelf, built
from examples.refund_desk.settings import LeverBook
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.making import control_of, lever_of, settings_for
from tests.api.server import running

OPTIONS: dict[str, dict[str, str]] = {
    "roll_back_index/policies": {"to": "v1"},
    "quarantine_records/policies": {"records": "refund-window-2024"},
    "block_source/policies": {},
    "switch_to_fallback/-": {"to": "manual_queue"},
    "enforce_filter/-": {"to": "account_numbers"},
}


def test_every_lever_of_the_desk_has_a_case_here() -> None:
    assert set(OPTIONS) == LEVERS


@pytest.mark.long
class TestRefundDesk(LeverContract):
    @pytest.fixture(params=OPTIONS)
    async def subject(
        self, databases: Databases, tmp_path: Path, request: pytest.FixtureRequest
    ) -> AsyncIterator[Subject]:
        named: str = request.param
        desk = DeskLevers(LeverBook(tmp_path / "desk"), Shelf(tmp_path / "desk" / "index"))
        desk.source.publish(built("v2"))
        app = FastAPI()
        app.include_router(lever_routes(desk))
        lever_refusals(app)

        async def in_force() -> bool:
            return desk.read(named).hold is not None

        verb, _, target = named.partition("/")
        async with running(app) as url:
            yield Subject(
                control=control_of("http", databases, settings_for(url)),
                lever=lever_of("http", Verb(verb), {"url": url, **OPTIONS[named]}, target.strip("-")),
                in_force=in_force,
            )
