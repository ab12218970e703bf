"""Migrations make exactly the tables that the code uses, once, whoever runs them."""

from __future__ import annotations

import multiprocessing
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, text

from andon import register
from andon.config import DatabaseSettings
from andon.register.engine import Databases, open_databases
from andon.register.migrate import migrate
from andon.register.tables import RECORDER, REGISTER, SWITCHES

for _module in pkgutil.iter_modules(register.__path__):
    if _module.name.endswith("_tables"):
        import_module(f"{register.__name__}.{_module.name}")

KINDS = {"switches": SWITCHES, "register": REGISTER, "recorder": RECORDER}
OF_OTHERS = {
    name: {
        table
        for other, metadata in KINDS.items()
        if other != name
        for table in (*metadata.tables, f"alembic_version_{other}")
    }
    for name in KINDS
}


@pytest.mark.parametrize(
    ("name", "metadata"), [("switches", SWITCHES), ("register", REGISTER), ("recorder", RECORDER)]
)
def test_migrations_and_tables_are_equal(databases: Databases, name: str, metadata: MetaData) -> None:
    with getattr(databases, name).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "version_table": f"alembic_version_{name}",
                # On PostgreSQL the three lie in one database here.
                "include_name": lambda found, kind, _: kind != "table" or found not in OF_OTHERS[name],
            },
        )
        assert compare_metadata(context, metadata) == []


def test_the_index_that_keeps_one_open_incident_a_key_is_partial(databases: Databases) -> None:
    (found,) = [
        index
        for index in inspect(databases.register).get_indexes("incidents")
        if index["name"] == "uq_incidents_open_dedupe"
    ]
    assert found["unique"]
    [where] = [text for name, text in found["dialect_options"].items() if name.endswith("_where")]
    assert "closed_at IS NULL" in str(where)


def test_migrating_twice_changes_nothing(database_settings: DatabaseSettings, databases: Databases) -> None:
    with databases.switches.begin() as connection:
        connection.execute(
            text("INSERT INTO effects (key, order_id, verb, at) VALUES ('k', 'o', 'apply', '2026-01-01')")
        )
    migrate(database_settings)
    with databases.switches.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM effects")).scalar() == 1


def test_processes_that_migrate_at_once_all_succeed(empty_settings: DatabaseSettings) -> None:
    context = multiprocessing.get_context("spawn")
    migrating = [context.Process(target=migrate, args=(empty_settings,)) for _ in range(3)]
    for process in migrating:
        process.start()
    for process in migrating:
        process.join(timeout=60)
    assert [process.exitcode for process in migrating] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_sqlite_keeps_what_was_committed_through_a_power_cut(databases: Databases, tmp_path: Path) -> None:
    def pragma(name: str, pragma: str) -> object:
        with getattr(databases, name).connect() as connection:
            return connection.execute(text(f"PRAGMA {pragma}")).scalar()

    assert [pragma(name, "journal_mode") for name in ("switches", "register", "recorder")] == ["wal"] * 3
    assert [pragma(name, "synchronous") for name in ("switches", "register", "recorder")] == [2, 2, 1]
    assert pragma("register", "foreign_keys") == 1
    assert pragma("register", "busy_timeout") == 5000
    assert (tmp_path / "register.db").is_file()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_postgresql_keeps_what_was_committed_but_spans_through_a_power_cut(databases: Databases) -> None:
    def setting(name: str, setting: str) -> object:
        with getattr(databases, name).connect() as connection:
            return connection.execute(text(f"SHOW {setting}")).scalar()

    waits = [setting(name, "synchronous_commit") for name in ("switches", "register", "recorder")]
    assert waits == ["on", "on", "off"]
    assert setting("register", "lock_timeout") == "5s"


def test_the_folder_of_a_database_is_made(tmp_path: Path) -> None:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/new/switches.db",
        register_url=f"sqlite:///{tmp_path}/new/register.db",
        recorder_url=f"sqlite:///{tmp_path}/new/recorder.db",
    )
    migrate(settings)
    databases = open_databases(settings)
    assert inspect(databases.recorder).has_table("spans")
    databases.close()
