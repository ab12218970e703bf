"""The contract, on every kind that needs no server of its own, and on one in memory."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from andon.adapters.sources import files, git, http_json, sql, vendor
from andon.config import SourceSettings
from tests.adapters.sources.asked import entry, means, query
from tests.adapters.sources.contract import SourceContract, Subject
from tests.adapters.sources.memory import Memory
from tests.adapters.sources.serving import Reply, serving


def now() -> str:
    return datetime.now(UTC).isoformat()


class TestMemory(SourceContract):
    @pytest.fixture
    def subject(self) -> Subject:
        memory = Memory()

        def away() -> None:
            memory.away = True

        return Subject(
            kind=memory.kind(),
            entry=entry("memory", "complaint", options={"secret": "key"}),
            means=means(SourceSettings(secrets={"key": SecretStr("s")})),
            take_away=away,
        )


class TestHttpJson(SourceContract):
    @pytest.fixture
    def subject(self) -> Iterator[Subject]:
        began = query().since

        def answer(path: str) -> Reply:
            if f"since={began.year}-{began.month:02}" not in path:
                return Reply(json.dumps({"rows": []}).encode())
            page = 2 if "page=2" in path else 1
            more = {"next": 2} if page == 1 else {}
            return Reply(json.dumps({"rows": [{"at": now(), "page": page}], **more}).encode())

        with serving(answer) as served:
            yield Subject(
                kind=http_json.KIND,
                entry=entry(
                    "http_json",
                    "downstream_action",
                    options={
                        "url": f"{served.url}/{{system}}?since={{since}}",
                        "items": "rows",
                        "next": "next",
                        "next_parameter": "page",
                    },
                ),
                means=means(SourceSettings(private_hosts=(served.place,))),
                take_away=lambda: setattr(served, "answer", lambda _: Reply(status=502)),
            )

    async def test_a_repeat_gives_the_same_items(self, subject: Subject) -> None:
        """Its pages tell the time at which they were asked for."""
        assert [one.name for one in (await subject.came()).items] == ["1/0001", "1/0002"]


class TestSqlOnSqlite(SourceContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        place = tmp_path / "crm.db"
        with sqlite3.connect(place) as made:
            made.execute("CREATE TABLE actions (id INTEGER, system TEXT, at TEXT, amount REAL)")
            made.executemany(
                "INSERT INTO actions VALUES (?, 'refund_desk', ?, 1.5)",
                [(number, now()) for number in range(700)],
            )
        made.close()
        select = "SELECT id, at, amount FROM actions WHERE system = :system AND at BETWEEN :since AND :until"
        return Subject(
            kind=sql.KIND,
            entry=entry(
                "sql",
                "downstream_action",
                options={"database": "crm", "select": f"{select} ORDER BY id", "time": "at"},
            ),
            means=means(SourceSettings(databases={"crm": SecretStr(f"sqlite:///{place}")})),
            take_away=place.unlink,
        )


class TestFiles(SourceContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        folder = tmp_path / "logs"
        (folder / "old").mkdir(parents=True)
        (folder / "app.log").write_text(f"{now()} began\n{now()} ended\n")
        (folder / "old" / "app.log.1.gz").write_bytes(gzip.compress(f"{now()} before\n".encode()))

        def away() -> None:
            folder.rename(tmp_path / "elsewhere")

        return Subject(
            kind=files.KIND,
            entry=entry(
                "files",
                "system_log",
                options={"folder": "logs", "paths": "*.log, old/*.gz", "form": "iso"},
            ),
            means=means(SourceSettings(folders={"logs": folder})),
            take_away=away,
        )


class TestGit(SourceContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        folder = tmp_path / "desk"
        folder.mkdir()
        for words in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "first")):
            subprocess.run(
                ("git", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", *words),
                cwd=folder,
                check=True,
                timeout=30,
            )

        def away() -> None:
            folder.rename(tmp_path / "elsewhere")

        return Subject(
            kind=git.KIND,
            entry=entry("git", "change_log", options={"repository": "desk"}),
            means=means(SourceSettings(repositories={"desk": folder})),
            take_away=away,
            answers_none=True,
        )


class TestVendor(SourceContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Iterator[Subject]:
        (tmp_path / "letter.txt").write_text("We are looking into it.\n")
        page = {"page": {"id": "v", "updated_at": now()}}

        def answer(path: str) -> Reply:
            listed = (
                {"incidents": []} if path.endswith("incidents.json") else {"status": {"indicator": "none"}}
            )
            return Reply(json.dumps({**page, **listed}).encode())

        with serving(answer) as served:

            def away() -> None:
                served.answer = lambda _: Reply(status=503)
                (tmp_path / "letter.txt").unlink()

            yield Subject(
                kind=vendor.KIND,
                entry=entry(
                    "vendor",
                    "vendor_status",
                    "vendor_correspondence",
                    options={"url": served.url, "folder": "letters", "paths": "*.txt"},
                ),
                means=means(SourceSettings(private_hosts=(served.place,), folders={"letters": tmp_path})),
                take_away=away,
                answers_none=True,
            )
