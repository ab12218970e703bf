"""A real PostgreSQL server for a test run: started by whoever needs it first, stopped when the last has left.

PostgreSQL refuses to run as root; then it runs as `nobody`, in a folder that belongs to that user. It listens
on a socket in that folder only, so runs side by side never meet.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

PACKAGED = Path("/usr/lib/postgresql")
REASON = "no PostgreSQL server: install it (apt-get install postgresql) to test the databases on it"
STARTS_WITHIN_SECONDS = 60
USER = "andon"
SERVER_OPTIONS = {
    "listen_addresses": "",
    # A test that cut the power would need these; no test does.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


def program(name: str) -> Path | None:
    """Return one of PostgreSQL's programs: from the path, or from the newest release in Debian's place."""
    if found := shutil.which(name):
        return Path(found)
    return max(PACKAGED.glob(f"*/bin/{name}"), key=lambda one: int(one.parts[-3]), default=None)


def require() -> None:
    """Skip a test where there is no server, and say so; in CI, which installs one, it fails."""
    if program("initdb") and program("pg_ctl"):
        return
    if os.environ.get("CI"):
        pytest.fail(REASON)
    pytest.skip(REASON)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    folder: str

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Make a database, give its URL, and drop it with whatever is still connected."""
        name = f"d{uuid4().hex}"
        self.run("CREATE DATABASE {} TEMPLATE {} LOCALE 'C' ENCODING 'UTF8'", name, template)
        try:
            yield self.url(name)
        finally:
            self.run("DROP DATABASE {} WITH (FORCE)", name)

    def run(self, statement: LiteralString, *names: str) -> None:
        """Run one statement of an administrator."""
        composed = sql.SQL(statement).format(*(sql.Identifier(name) for name in names))
        with psycopg.connect(host=self.folder, user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(composed)


@contextmanager
def shared_server(place: Path) -> Iterator[Server]:
    """Give the one server of this run; `place` is a folder that all its processes share.

    Each of them holds a lock while it lives. What waits for the last of these locks to be gone stops the
    server, so that it ends with the run even if that was killed.
    """
    notes = place / "postgres.json"
    with (place / "postgres.users").open("w") as users, (place / "postgres.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if not notes.exists() or not Path(folder := json.loads(notes.read_text())).exists():
            folder = _started(users.name)
            notes.write_text(json.dumps(folder))
        fcntl.flock(alone, fcntl.LOCK_UN)
        yield Server(folder)


def _started(users: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="andon-postgres-"))
    identity: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = folder / "data"
    form = ("--username", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
    _run(_path("initdb"), "--pgdata", data, *form, folder=folder, identity=identity)
    options = " ".join((f"-k {folder}", *(f"-c {name}={value}" for name, value in SERVER_OPTIONS.items())))
    waiting = ("-w", "-t", str(STARTS_WITHIN_SECONDS), "-l", folder / "log", "-o", options)
    _run(_path("pg_ctl"), "start", "-D", data, *waiting, folder=folder, identity=identity)
    pid = (data / "postmaster.pid").read_text().splitlines()[0]
    # The server takes its pid file away when it has ended.
    stop = f"kill -INT {pid}; while [ -e {data}/postmaster.pid ]; do sleep 0.1; done; rm -rf {folder}"
    waiter = ("setsid", "--fork", "flock", "--exclusive", users, "sh", "-c", stop)
    subprocess.run(waiter, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
    return str(folder)


def _run(*words: str | Path, folder: Path, identity: dict[str, Any]) -> None:
    # The server that pg_ctl leaves behind keeps these files open: a pipe would never end.
    with (folder / "made.log").open("ab") as log:
        subprocess.run(
            words, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **identity
        )


def _path(name: str) -> Path:
    found = program(name)
    assert found is not None, REASON
    return found


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that all processes of a run share."""
    require()
    place = tmp_path_factory.getbasetemp()
    # Each process of a run with several has a folder of its own in the run's.
    with shared_server(place.parent if place.name.startswith("popen-") else place) as server:
        yield server
