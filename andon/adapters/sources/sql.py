"""Evidence from a database: the rows of one SELECT, bound parameters only, in what can't be written to."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, CursorResult, Engine, Row, TextClause, bindparam, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from andon.adapters.options import Option
from andon.adapters.sources.kinds import ANY, SourceKind, SourceMeans
from andon.adapters.sources.sql_values import instant_of, plain, told, written
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.source_times import skew_ms, zone_of
from andon.domain.system import SourceEntry
from andon.ports import Captured

JSON: Final = "application/json"
OPTIONS: Final = {
    "database": Option("name of a database in the settings under `sources.databases`", needed=True),
    "select": Option(
        "one SELECT; `:system`, `:since`, `:until`, `:incident`, `:trace` and `:traces` (as in `IN :traces`) "
        "are bound, nothing else is filled in",
        needed=True,
    ),
    "rows": Option("most rows that are read; 1000 unless said otherwise, at most 100000"),
    "time": Option("column with each row's time"),
    "zone": Option("IANA zone of times that name none; without it they are refused"),
    "times": Option("how `:since` and `:until` are bound: `native` (PostgreSQL), `iso` (SQLite) or `epoch`"),
}
DIALECTS: Final = {"sqlite": "iso", "postgresql": "native"}
ROWS_AN_ITEM: Final = 500
ROWS_AT_ONCE: Final = 50
"""Rows in memory beside those of an item."""
PART_BYTES: Final = 7 * 1024 * 1024
ROW_BYTES: Final = 1024 * 1024
PARAMETERS: Final = frozenset({"system", "since", "until", "incident", "trace", "traces"})
_READ: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }
)


class _Read(NamedTuple):
    """A row as it will stand in an item."""

    at: datetime | None
    content: bytes


class SqlSource:
    """Reads row by row with a cursor of the server, so that memory stays flat."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._kind = entry.supplies[0]
        self._options = entry.options
        self._means = means
        self._zone = zone_of(entry.options.get("zone", ""))
        self._seconds = entry.within_seconds
        url = means.named(entry, "database", means.settings.databases, "databases").get_secret_value()
        self._engine = _engine(entry, url, means.settings.timeout)

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield the rows, some hundred to an item."""
        reading, loop = self._read(query), asyncio.get_running_loop()
        # One thread: what is closed while a read still goes on is closed after it.
        with ThreadPoolExecutor(1, thread_name_prefix="sql") as thread:
            try:
                while (one := await loop.run_in_executor(thread, next, reading, None)) is not None:
                    yield one
            finally:
                await loop.run_in_executor(thread, reading.close)

    def _read(self, query: EvidenceQuery) -> Generator[Captured, None, None]:
        with self._named(), self._engine.connect() as connection:
            self._bound(connection)
            skew = self._skew(connection)
            most = int(self._options.get("rows", "1000"))
            streaming = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE)
            statement = _statement(self._options["select"])
            with closing(streaming.execute(statement, self._parameters(query))) as found:
                columns = list(found.keys())
                for number, rows in enumerate(self._cut(columns, found, most), start=1):
                    yield self._captured(columns, rows, number, skew)

    def _cut(self, columns: Sequence[str], found: CursorResult[Any], most: int) -> Iterator[list[_Read]]:
        """Gather rows into what one item holds."""
        group: list[_Read] = []
        size = read = 0
        while read < most and (rows := found.fetchmany(min(ROWS_AT_ONCE, most - read))):
            for row in rows:
                one = _Read(self._time_of(columns, row), written([plain(value) for value in row]))
                if len(one.content) > ROW_BYTES:
                    raise SourceError(self.name, GapReason.REFUSED, f"a row of more than {ROW_BYTES} bytes")
                if group and (len(group) == ROWS_AN_ITEM or size + len(one.content) > PART_BYTES):
                    yield group
                    group, size = [], 0
                group.append(one)
                size += len(one.content) + 1
            read += len(rows)
        if group:
            yield group
        if read >= most and found.fetchone() is not None:
            raise SourceError(self.name, GapReason.LATE, f"cut off after {most} rows")

    def _bound(self, connection: Connection) -> None:
        """See to it that nothing is written, and that it ends."""
        if self._engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(text(f"SET LOCAL statement_timeout = {self._seconds * 1000}"))
            return
        raw: Any = connection.connection.dbapi_connection
        raw.execute("PRAGMA query_only = ON")
        raw.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READ else sqlite3.SQLITE_DENY)
        loop_ends = self._means.now() + timedelta(seconds=self._seconds)
        raw.set_progress_handler(lambda: self._means.now() > loop_ends, 100_000)

    def _skew(self, connection: Connection) -> int | None:
        """Return how far the server's clock is ahead; a file has none of its own."""
        if self._engine.dialect.name != "postgresql":
            return None
        sent = self._means.now()
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return skew_ms(theirs.astimezone(UTC), sent, self._means.now(), timedelta(0))

    def _parameters(self, query: EvidenceQuery) -> dict[str, Any]:
        form = self._options.get("times", DIALECTS[self._engine.dialect.name])
        known = {
            "system": query.system,
            "incident": query.incident,
            "since": told(query.since, form),
            "until": told(query.until, form),
            "trace": query.trace_ids[0] if query.trace_ids else "",
            "traces": list(query.trace_ids),
        }
        return {name: known[name] for name in text(self._options["select"]).compile().params}

    def _captured(
        self, columns: Sequence[str], rows: Sequence[_Read], number: int, skew: int | None
    ) -> Captured:
        head = b'{"columns":' + written(columns) + b',"rows":['
        return Captured(
            kind=self._kind,
            content=head + b",".join(row.content for row in rows) + b"]}",
            content_type=JSON,
            name=f"{number:04d}",
            source_at=rows[0].at,
            skew_ms=skew,
            origin=f"{self._options['database']}: {len(rows)} rows",
        )

    def _time_of(self, columns: Sequence[str], row: Row[Any]) -> datetime | None:
        """Return the time of a row; one without a zone spoils them all."""
        column = self._options.get("time")
        if column is None:
            return None
        if column not in columns:
            raise SourceError(self.name, GapReason.REFUSED, f"there is no column {column}")
        try:
            return instant_of(row[columns.index(column)], self._zone)
        except InvalidInputError as error:
            raise SourceError(self.name, GapReason.REFUSED, f"column {column}: {error}") from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Give what the database says its reason; its text may hold values, so only its class is told."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            reason = GapReason.DENIED if _is_denied(error) else GapReason.UNREACHABLE
            if _is_cancelled(error):
                reason = GapReason.LATE
            raise SourceError(self.name, reason, _code(error)) from error
        except DBAPIError as error:
            reason = GapReason.DENIED if _is_denied(error) else GapReason.REFUSED
            raise SourceError(self.name, reason, _code(error)) from error
        except (SQLAlchemyError, UnicodeError) as error:
            raise SourceError(self.name, GapReason.REFUSED, type(error).__name__) from error


def _engine(entry: SourceEntry, url: str, timeout: timedelta) -> Engine:
    seconds = max(1, round(timeout.total_seconds()))
    try:
        named = make_url(url)
        dialect = named.get_backend_name()
        if dialect not in DIALECTS:
            detail = f"databases of kind {dialect} are not read; use one of: {', '.join(sorted(DIALECTS))}"
            raise SourceError(entry.id, GapReason.NOT_CONFIGURED, detail)
        if dialect == "postgresql":
            named = named.set(drivername="postgresql+psycopg")
            return create_engine(named, poolclass=NullPool, connect_args={"connect_timeout": seconds})
        # Opened by a URI that can't write: a database that is not there is not made.
        file = f"file:{named.database}?mode=ro"
        return create_engine(
            "sqlite://",
            poolclass=NullPool,
            creator=lambda: sqlite3.connect(file, uri=True, timeout=seconds, check_same_thread=False),
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        detail = f"the URL of database {entry.options['database']} can't be used here"
        raise SourceError(entry.id, GapReason.NOT_CONFIGURED, detail) from error


def _statement(select: str) -> TextClause:
    statement = text(select)
    if "traces" in statement.compile().params:
        return statement.bindparams(bindparam("traces", expanding=True))
    return statement


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _is_denied(error: DBAPIError) -> bool:
    """SQLSTATE class 28: who one is; 42501: what one may; SQLite's authorizer."""
    told = str(error.orig)
    return (
        _state(error).startswith("28")
        or _state(error) == "42501"
        or "not authorized" in told
        or "prohibited" in told
        or "authentication failed" in told
    )


def _is_cancelled(error: DBAPIError) -> bool:
    return _state(error) == "57014" or str(error.orig) == "interrupted"


def _code(error: DBAPIError) -> str:
    state = _state(error)
    return f"{type(error.orig).__name__} {state}".strip()


def check(entry: SourceEntry) -> None:
    """Refuse options that can't be used."""
    options = entry.options
    try:
        named = set(text(options["select"]).compile().params)
    except SQLAlchemyError as error:
        raise InvalidInputError(f"source {entry.id}: option select can't be read") from error
    first = options["select"].split(maxsplit=1)[0].lower()
    if first not in {"select", "with"} or ";" in options["select"]:
        raise InvalidInputError(f"source {entry.id}: option select is one SELECT, without `;`")
    if unknown := sorted(named - PARAMETERS):
        raise InvalidInputError(
            f"source {entry.id}: select binds no :{unknown[0]}; it binds: {', '.join(sorted(PARAMETERS))}"
        )
    rows = options.get("rows", "1000")
    if not (rows.isascii() and rows.isdigit() and 1 <= int(rows) <= 100_000):
        raise InvalidInputError(f"source {entry.id}: option rows is a whole number, 1 to 100000")
    if options.get("times", "iso") not in {"iso", "native", "epoch"}:
        raise InvalidInputError(f"source {entry.id}: option times is native, iso or epoch")
    zone_of(options.get("zone", ""))


def count(_: SourceEntry, told: Any) -> int:
    """Return how many rows an item holds."""
    return len(told["rows"])


KIND: Final = SourceKind(
    name="sql", version="1", options=OPTIONS, supplies=ANY, build=SqlSource, check=check, count=count
)
