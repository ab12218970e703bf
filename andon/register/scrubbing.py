"""Seeing to it that a destroyed key is not left in the files of the register.

SQLite overwrites what is deleted (`secure_delete`), but in its write-ahead log older pages lie until the log
is written back and cut. PostgreSQL keeps dead rows until they are vacuumed; its own write-ahead log and
backups are the operator's.
"""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import Engine


class Scrubbing:
    """Scrubs the files of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scrub(self) -> bool:
        """Scrub now, and return whether it is done; readers can put it off."""
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM item_keys, incident_keys")
            return True
        # Not through SQLAlchemy, which would begin a transaction that the checkpoint then waits for.
        with closing(self._engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = cursor.fetchone()
        return found is not None and not found[0]
