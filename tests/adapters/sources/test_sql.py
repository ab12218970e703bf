"""Evidence from databases: read and never written, bounded, and what PostgreSQL says of itself."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from andon.adapters.sources.kinds import SourceMeans, check
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError
from tests import postgres
from tests.adapters.sources.asked import ROWS, TRACE, Came, came_of, entry, query
from tests.postgres import postgres_server

__all__ = ["postgres_server"]


async def got(
    url: str, select: str, *, ahead: timedelta = timedelta(0), within: int = 60, **options: str
) -> Came:
    settings = SourceSettings(databases={"crm": SecretStr(url)}, timeout=timedelta(seconds=5))
    using = SourceMeans(settings, ROWS, now=lambda: datetime.now(UTC) - ahead)
    described = entry(
        "sql",
        "downstream_action",
        options={"database": "crm", "select": select, **options},
        within_seconds=within,
    )
    return await came_of(described, using, query(TRACE))


@pytest.fixture
def crm(tmp_path: Path) -> str:
    place = tmp_path / "crm.db"
    with sqlite3.connect(place) as made:
        made.execute("CREATE TABLE actions (id INTEGER, at TEXT)")
        made.executemany("INSERT INTO actions VALUES (?, ?)", [(n, "2026-11-21 09:00:00") for n in range(5)])
    made.close()
    return f"sqlite:///{place}"


@pytest.fixture
def server(postgres_server: postgres.Server) -> Iterator[str]:
    with postgres_server.database() as url:
        with psycopg.connect(url, autocommit=True) as made:
            made.execute(
                "CREATE TABLE actions (id int, at timestamptz, seen timestamp, paid numeric, raw bytea)"
            )
            made.execute(
                "INSERT INTO actions SELECT n, now(), localtimestamp, 0.10, '\\x00ff' "
                "FROM generate_series(1, 1200) n"
            )
        yield url


async def test_rows_are_cut_off_at_their_number_and_that_is_said(crm: str) -> None:
    found = await got(crm, "SELECT id FROM actions ORDER BY id", rows="3")
    assert json.loads(found.items[0].content) == {"columns": ["id"], "rows": [[0], [1], [2]]}
    assert [(gap.reason, gap.detail) for gap in found.gaps] == [("late", "cut off after 3 rows")]
    assert (await got(crm, "SELECT id FROM actions", rows="5")).gaps == []


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (SELECT 1) DELETE FROM actions",
        "SELECT load_extension('x')",
        "WITH one AS (SELECT 1) INSERT INTO actions VALUES (9, '')",
    ],
)
async def test_a_file_is_never_written_whatever_the_statement(crm: str, statement: str) -> None:
    found = await got(crm, statement)
    assert found.items == []
    assert found.reasons["downstream_actions"] in {"denied", "refused", "unreachable"}
    assert len(json.loads((await got(crm, "SELECT id FROM actions")).items[0].content)["rows"]) == 5


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = await got(f"sqlite:///{tmp_path}/none.db", "SELECT 1")
    assert found.reasons == {"downstream_actions": "unreachable"}
    assert list(tmp_path.iterdir()) == []


async def test_a_column_of_times_without_a_zone_is_refused_unless_the_file_names_the_zone(crm: str) -> None:
    refused = await got(crm, "SELECT at FROM actions", time="at")
    assert refused.reasons == {"downstream_actions": "refused"}
    (item,) = (await got(crm, "SELECT at FROM actions", time="at", zone="UTC")).items
    assert item.source_at == datetime(2026, 11, 21, 9, tzinfo=UTC)


async def test_a_statement_that_does_not_end_is_ended(crm: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    found = await asyncio.wait_for(got(crm, endless, within=1), timeout=20)
    assert found.reasons == {"downstream_actions": "late"}


@pytest.mark.parametrize(
    ("url", "told"),
    [("mysql://localhost/crm", "mysql"), ("not a url", "can't be used"), ("oracle://x", "oracle")],
)
async def test_a_url_that_can_not_be_used_is_not_configured_and_not_repeated(url: str, told: str) -> None:
    found = await got(url, "SELECT 1")
    assert found.reasons == {"downstream_actions": "not_configured"}
    assert told in found.gaps[0].detail


@pytest.mark.parametrize(
    ("select", "told"),
    [
        ("DELETE FROM actions", "one SELECT"),
        ("SELECT 1; DROP TABLE actions", "without `;`"),
        ("SELECT * FROM actions WHERE person = :person", ":person"),
    ],
)
def test_a_statement_that_is_no_single_select_is_refused_when_the_file_is_read(
    select: str, told: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check(entry("sql", "downstream_action", options={"database": "crm", "select": select}))
    assert told in str(refused.value)


@pytest.mark.long
class TestPostgresql:
    async def test_rows_come_in_some_hundred_to_an_item_without_loss(self, server: str) -> None:
        select = "SELECT id, at, paid, raw FROM actions WHERE at BETWEEN :since AND :until ORDER BY id"
        found = await got(server, select, rows="5000", time="at")
        assert found.gaps == []
        rows = [row for one in found.items for row in json.loads(one.content)["rows"]]
        assert [row[0] for row in rows] == list(range(1, 1201))
        assert rows[0][2:] == ["0.10", {"base64": "AP8="}]
        assert len(found.items) == 3

    async def test_traces_are_bound_as_a_list(self, server: str) -> None:
        found = await got(server, "SELECT :system AS s FROM actions WHERE 'x' IN :traces OR id = 1")
        assert json.loads(found.items[0].content)["rows"] == [["refund_desk"]]

    @pytest.mark.parametrize(
        "statement",
        [
            "WITH gone AS (DELETE FROM actions RETURNING id) SELECT * FROM gone",
            "SELECT setval('s', 1) FROM (SELECT 1) one",
            "SELECT * FROM actions FOR UPDATE",
        ],
    )
    async def test_nothing_is_written_whatever_the_statement(self, server: str, statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as made:
            made.execute("CREATE SEQUENCE IF NOT EXISTS s")
        found = await got(server, statement)
        assert found.items == []
        assert found.reasons == {"downstream_actions": "refused"}
        with psycopg.connect(server) as made:
            assert made.execute("SELECT count(*) FROM actions").fetchone() == (1200,)

    async def test_what_the_role_may_not_read_is_denied(self, server: str) -> None:
        with psycopg.connect(server, autocommit=True) as made:
            made.execute("DROP ROLE IF EXISTS andon_reader")
            made.execute("CREATE ROLE andon_reader LOGIN")
        found = await got(server.replace("andon@", "andon_reader@"), "SELECT id FROM actions")
        with psycopg.connect(server, autocommit=True) as made:
            made.execute("DROP ROLE andon_reader")
        assert found.reasons == {"downstream_actions": "denied"}
        assert found.gaps[0].detail == "InsufficientPrivilege 42501"

    async def test_a_statement_that_does_not_end_is_ended_by_the_server(self, server: str) -> None:
        found = await asyncio.wait_for(got(server, "SELECT pg_sleep(60)", within=1), timeout=20)
        assert found.reasons == {"downstream_actions": "late"}

    async def test_a_server_that_is_gone_is_unreachable(self) -> None:
        found = await got("postgresql://nobody@127.0.0.1:1/none", "SELECT 1")
        assert found.reasons == {"downstream_actions": "unreachable"}

    async def test_a_clock_that_is_ahead_is_told(self, server: str) -> None:
        (item,) = (await got(server, "SELECT 1 AS one", ahead=timedelta(minutes=2))).items
        assert item.skew_ms is not None
        assert 119_000 < item.skew_ms < 121_000
        (level,) = (await got(server, "SELECT 1 AS one")).items
        assert level.skew_ms == 0

    async def test_a_column_without_zone_is_refused(self, server: str) -> None:
        found = await got(server, "SELECT seen FROM actions", time="seen")
        assert found.reasons == {"downstream_actions": "refused"}
