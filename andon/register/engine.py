"""Opening the three databases, and the two kinds of transaction on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteBusyError
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, create_engine, event, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.elements import ColumnElement

from andon.config import DatabaseSettings
from andon.domain.errors import InvalidInputError

BUSY_SECONDS: Final = 5
_WRITES: Final = "andon_writes"
_LOCKS: Final = {"switches": 0x616E64F1, "register": 0x616E64F2, "recorder": 0x616E64F3}
"""Keys of the PostgreSQL advisory locks under which each database is written."""

_turns: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()
"""Threads of one process wait here to write to SQLite: whoever is next is woken at once, while SQLite has all
who wait sleep, up to a tenth of a second, and ask again."""

_standing: ContextVar[Connection | None] = ContextVar("standing", default=None)


@dataclass(frozen=True, slots=True)
class Databases:
    """One engine a database."""

    switches: Engine
    register: Engine
    recorder: Engine

    def close(self) -> None:
        """Close every pooled connection."""
        for engine in (self.switches, self.register, self.recorder):
            engine.dispose()


def open_databases(settings: DatabaseSettings) -> Databases:
    """Return engines for the three databases; nothing is connected until it is used."""
    return Databases(
        switches=open_engine(settings.switches_url, "switches"),
        register=open_engine(settings.register_url, "register"),
        recorder=open_engine(settings.recorder_url, "recorder", durable=False),
    )


def open_engine(url: str, name: str, *, durable: bool = True) -> Engine:
    """Return an engine; one writes at a time, and whoever waits longer than `BUSY_SECONDS` fails.

    Args:
        url: SQLAlchemy URL of a SQLite or PostgreSQL database.
        name: which of the three it is.
        durable: whether a commit must outlive a power cut; spans need not.
    """
    backend = make_url(url).get_backend_name()
    if backend == "postgresql":
        return _open_postgresql(url, _LOCKS[name], durable=durable)
    if backend != "sqlite":
        raise InvalidInputError(f"{name}: {backend} is not supported; use a SQLite or PostgreSQL database")
    return _open_sqlite(url, durable=durable)


def _open_postgresql(url: str, lock: int, *, durable: bool) -> Engine:
    if find_spec("psycopg") is None:
        raise InvalidInputError("PostgreSQL needs its driver: pip install 'andon[postgres]'")
    synchronous = "on" if durable else "off"
    options = f"-c lock_timeout={BUSY_SECONDS}s -c synchronous_commit={synchronous} -c timezone=UTC"
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
        connect_args={"options": options, "connect_timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # What is decided on what was read stays true until it is written, as under SQLite's BEGIN IMMEDIATE;
        # and rows come in the order of their numbers, which `Switches.version` rests on.
        if connection.get_execution_options().get(_WRITES, False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")

    return engine


def _open_sqlite(url: str, *, durable: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=24)
    synchronous = "FULL" if durable else "NORMAL"

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, SQLiteConnection)  # noqa: S101 - the backend was checked above
        # Python's driver would begin transactions by itself, and deferred ones; we do so below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns to writing can fail at once with "database is locked".
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    _turns[engine] = Lock()
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look at a database."""
    standing = _standing.get()
    if standing is not None and standing.engine is engine:
        yield standing
        return
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; committed at the end, undone on an error."""
    standing = _standing.get()
    if standing is not None and standing.engine is engine:
        yield standing
        return
    with (
        _turn(engine),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    turn = _turns.get(engine)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=BUSY_SECONDS):
        # As SQLite itself says it of other processes, so that whoever waits need not tell the two apart.
        busy = SQLiteBusyError(f"other threads wrote for more than {BUSY_SECONDS} s")
        raise OperationalError("BEGIN IMMEDIATE", None, busy)
    try:
        yield
    finally:
        turn.release()


@contextmanager
def together(engine: Engine) -> Iterator[None]:
    """Make what the block reads and writes in one database, in this thread, one transaction.

    Each commit waits for the disk, and an incident that opens waits for each commit.
    """
    with writing(engine) as connection:
        token = _standing.set(connection)
        try:
            yield
        finally:
            _standing.reset(token)


def insert_if_absent(
    connection: Connection,
    table: Table,
    row: dict[str, Any],
    *,
    on: tuple[str, ...],
    where: ColumnElement[bool] | None = None,
) -> bool:
    """Insert `row` unless one with the same values in the columns `on` is there.

    Args:
        connection: one opened by `writing`.
        table: where to.
        row: values by column.
        on: columns of a unique index.
        where: the condition of that index, if it is a partial one.

    Returns:
        Whether the row was inserted.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    fresh = insert(table).values(**row)
    statement = fresh.on_conflict_do_nothing(index_elements=list(on), index_where=where)
    # By its answer, not by its count: for an INSERT, SQLAlchemy does not pass on PostgreSQL's count.
    return connection.execute(statement.returning(literal(1))).first() is not None


def insert_all_absent(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, on: tuple[str, ...]
) -> None:
    """Insert each of `rows` unless one with the same values in the columns `on` is there, at one go."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table).on_conflict_do_nothing(index_elements=list(on)), rows)
