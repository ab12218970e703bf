"""The same stack with its databases on PostgreSQL: settings only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from examples.refund_desk.watches import STRAY_FACTS
from tests.e2e.people import People
from tests.e2e.scene import playing
from tests.postgres import Server, postgres_server

__all__ = ["postgres_server"]
pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

VARIABLES = [f"ANDON_DATABASES__{one}_URL" for one in ("SWITCHES", "REGISTER", "RECORDER")]

REPORT: dict[str, Any] = {
    "channel": "human_review",
    "title": "It paid a stranger",
    "type": "unauthorised_tool_action",
    "facts": STRAY_FACTS,
}


@pytest.fixture(scope="module")
def database(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="module")
def people(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Everybody, in front of an Andon that was told of the database by its environment."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        for name in VARIABLES:
            environment.setenv(name, database)
        scene = stack.enter_context(playing(tmp_path_factory.mktemp("postgresql") / "root", watch_seconds=4))
        yield People(scene)


def test_an_incident_is_contained_stood_down_and_closed_on_postgresql(people: People, database: str) -> None:
    found = people.contained({**REPORT, "system": "kiosk_1"})
    incident = found["incident"]
    assert people.flag("kiosk_1.allowed")["value"] is False
    again = people.report({**REPORT, "system": "kiosk_1", "dedupe_key": "again"})
    assert again["incident"] != incident
    assert people.flag("kiosk_1.allowed")["value"] is False
    for one in (incident, again["incident"]):
        people.stand_down(one)
    assert people.flag("kiosk_1.allowed")["value"] is True
    with psycopg.connect(database) as connection:
        closed = connection.execute("SELECT count(*) FROM incidents WHERE closed_at IS NOT NULL").fetchone()
        held = connection.execute("SELECT count(*) FROM holds WHERE released_at IS NULL").fetchone()
    assert (closed, held) == ((2,), (0,))
    assert [one.name for one in people.scene.setting.data.glob("*.db")] == ["temporal.db"]
