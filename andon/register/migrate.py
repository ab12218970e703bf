"""Bringing the three databases to the newest form of their tables."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy.engine import make_url

from andon.config import DatabaseSettings
from andon.register import (  # noqa: F401 - put theirs into REGISTER
    access_tables,
    affected_tables,
    alarm_tables,
    checkpoint_tables,
    custody_tables,
    quality_tables,
    result_tables,
    review_tables,
    sender_tables,
    storm_tables,
    touched_tables,
    untold_tables,
    upload_tables,
    use_tables,
    view_tables,
    watch_tables,
)
from andon.register.engine import open_databases, writing
from andon.register.tables import RECORDER, REGISTER, SWITCHES

_LOCK: Final = 0x616E646F6E
"""Key of the PostgreSQL advisory lock under which migrations run: `andon` in ASCII."""


def migrate(settings: DatabaseSettings) -> None:
    """Bring all three databases to head; at head already, nothing happens.

    Two processes may call it at once: the second waits for the first, within the busy time-out.
    """
    for url in (settings.switches_url, settings.register_url, settings.recorder_url):
        _make_folder(url)
    databases = open_databases(settings)
    try:
        upgrade(databases.switches, "switches", SWITCHES)
        upgrade(databases.register, "register", REGISTER)
        upgrade(databases.recorder, "recorder", RECORDER)
    finally:
        databases.close()


def upgrade(engine: Engine, versions: str, metadata: MetaData) -> None:
    """Run the migrations of one database, named by its folder, in one transaction."""
    with as_file(files("andon.register").joinpath("migrations")) as folder, writing(engine) as connection:
        _wait_for_others(connection)
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("version_locations", str(folder / versions).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        config.attributes["metadata"] = metadata
        config.attributes["versions"] = versions
        command.upgrade(config, "head")


def _wait_for_others(connection: Connection) -> None:
    """Take the lock that serialises migrations; in SQLite the transaction is that lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _make_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
