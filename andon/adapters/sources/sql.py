"""Evidence from a database: the rows of one SELECT, bound parameters only, in what can't be written to."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, TextClause, bindparam, create_engine, text
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

from andon.adapters.sources.kinds import ANY, Option, SourceKind, SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.source_times import read_time, skew_ms, with_zone, zone_of
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
            streaming = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AN_ITEM)
            statement = _statement(self._options["select"])
            with closing(streaming.execute(statement, self._parameters(query))) as found:
                columns, read, number = list(found.keys()), 0, 0
                while rows := found.fetchmany(min(ROWS_AN_ITEM, most - read)):
                    read, number = read + len(rows), number + 1
                    yield self._captured(columns, rows, number, skew)
                    if read >= most:
                        break
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
            "since": _told(query.since, form),
            "until": _told(query.until, form),
            "trace": query.trace_ids[0] if query.trace_ids else "",
            "traces": list(query.trace_ids),
        }
        return {name: known[name] for name in text(self._options["select"]).compile().params}

    def _captured(
        self, columns: Sequence[str], rows: Sequence[Row[Any]], number: int, skew: int | None
    ) -> Captured:
        plain = [[_plain(value) for value in row] for row in rows]
        content = {"columns": columns, "rows": plain}
        return Captured(
            kind=self._kind,
            content=json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(),
            content_type=JSON,
            name=f"{number:04d}",
            source_at=self._time_of(columns, rows),
            skew_ms=skew,
            origin=f"{self._options['database']}: rows {(number - 1) * ROWS_AN_ITEM + 1} and after",
        )

    def _time_of(self, columns: Sequence[str], rows: Sequence[Row[Any]]) -> datetime | None:
        """Return the time of the first row; every row's is read, since one without a zone spoils them all."""
        column = self._options.get("time")
        if column is None:
            return None
        if column not in columns:
            raise SourceError(self.name, GapReason.REFUSED, f"there is no column {column}")
        place = columns.index(column)
        try:
            times = [_instant(row[place], self._zone) for row in rows]
        except InvalidInputError as error:
            raise SourceError(self.name, GapReason.REFUSED, f"column {column}: {error}") from error
        return times[0]

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
        except (SQLAlchemyError, UnicodeDecodeError) as error:
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


def _told(at: datetime, form: str) -> Any:
    if form == "native":
        return at.astimezone(UTC)
    if form == "epoch":
        return at.timestamp()
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(value: Any, zone: Any) -> datetime:
    if isinstance(value, datetime):
        return with_zone(value, zone)
    if isinstance(value, str):
        return read_time(value, zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    raise InvalidInputError("holds no time")


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    Decimal: str,
    UUID: str,
    bytes: lambda value: {"base64": base64.b64encode(value).decode()},
    memoryview: lambda value: {"base64": base64.b64encode(bytes(value)).decode()},
    timedelta: timedelta.total_seconds,
}


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers without rounding, bytes as base64, the rest as its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return _PLAIN.get(type(value), str)(value)


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


KIND: Final = SourceKind(name="sql", version="1", options=OPTIONS, supplies=ANY, build=SqlSource, check=check)
