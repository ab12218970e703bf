"""Evidence from files: lines of the window, rotated and packed logs, and no way out of the folder."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from andon.adapters.sources.kinds import check
from andon.adapters.sources.log_lines import time_of
from andon.config import SourceSettings
from andon.domain.errors import InvalidInputError
from andon.domain.source_times import zone_of
from tests.adapters.sources.asked import Came, came_of, entry, means

HOUR = timedelta(hours=1)


def at(ago: timedelta) -> str:
    return (datetime.now(UTC) - ago).isoformat()


async def got(folder: Path, paths: str, form: str = "iso", **options: str) -> Came:
    described = entry(
        "files", "system_log", options={"folder": "logs", "paths": paths, "form": form, **options}
    )
    return await came_of(described, means(SourceSettings(folders={"logs": folder})))


async def test_only_lines_of_the_window_come_in_and_what_has_no_time_goes_with_its_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.log").write_text(
        f"{at(3 * HOUR)} before\n  its trace\n{at(HOUR / 2)} inside\n  its trace\n{at(-3 * HOUR)} after\n"
    )
    (item,) = (await got(tmp_path, "app.log")).items
    assert [line.split()[-1] for line in item.content.decode().splitlines()] == ["inside", "trace"]


async def test_rotated_and_packed_logs_are_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(f"{at(timedelta(0))} now\n")
    (tmp_path / "app.log.1").write_text(f"{at(HOUR / 4)} before\n")
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(f"{at(HOUR / 2)} first\n".encode()))
    found = await got(tmp_path, "app.log*")
    assert sorted(one.content.decode().split()[-1] for one in found.items) == ["before", "first", "now"]
    assert found.gaps == []


async def test_names_of_files_are_in_the_encrypted_record_only(tmp_path: Path) -> None:
    (tmp_path / "ana.meyer.log").write_text(f"{at(timedelta(0))} now\n")
    found = await got(tmp_path, "*.log")
    assert "ana" not in found.items[0].name
    assert b"ana.meyer.log" in found.records[0].content


async def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.log").write_text(f"{at(timedelta(0))} secret\n")
    (inside / "link.log").symlink_to(outside / "secret.log")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe.log")
    found = await got(inside, "**/*.log,*.log,folder/*.log")
    assert found.items == []
    assert found.reasons == {"logs": "empty"}


async def test_large_logs_come_in_parts_of_eight_mebibytes(tmp_path: Path) -> None:
    line = f"{at(timedelta(0))} {'x' * 1000}\n"
    (tmp_path / "app.log").write_text(line * 17_000)
    found = await got(tmp_path, "app.log")
    assert len(found.items) == 3
    assert max(len(one.content) for one in found.items) <= 8 * 1024 * 1024
    assert b"".join(one.content for one in found.items) == (line * 17_000).encode()


async def test_a_broken_archive_is_named_and_the_others_still_come_in(tmp_path: Path) -> None:
    whole = gzip.compress(f"{at(timedelta(0))} now\n".encode())
    (tmp_path / "a.gz").write_bytes(whole[:-9])
    (tmp_path / "b.gz").write_bytes(whole)
    found = await got(tmp_path, "*.gz")
    assert len(found.items) == 1
    assert [(gap.reason, gap.detail) for gap in found.gaps] == [("refused", "a packed file is broken")]


async def test_whole_files_are_those_changed_in_the_window(tmp_path: Path) -> None:
    for name, ago in (("old.txt", 3 * HOUR), ("new.txt", HOUR / 2)):
        (tmp_path / name).write_text(name)
        changed = (datetime.now(UTC) - ago).timestamp()
        os.utime(tmp_path / name, (changed, changed))
    found = await got(tmp_path, "*.txt", "whole")
    assert [one.content for one in found.items] == [b"new.txt"]
    assert found.items[0].source_at is not None


async def test_times_without_a_zone_are_refused_unless_the_file_names_the_zone(tmp_path: Path) -> None:
    local = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    (tmp_path / "app.log").write_text(f"{local.replace('.', ',')} now\n")
    refused = await got(tmp_path, "app.log")
    assert refused.items == []
    assert refused.reasons == {"logs": "refused"}
    assert "without a zone" in refused.gaps[0].detail
    assert len((await got(tmp_path, "app.log", zone="UTC")).items) == 1


NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        ("iso", "2026-11-21T09:00:00Z x", NINE),
        ("iso", "[2026-11-21 10:00:00.000000000+0100] x", NINE),
        ("iso", "x 2026-11-21T09:00:00Z", None),
        ("epoch", f"{NINE.timestamp():.3f} x", NINE),
        ("clf", '127.0.0.1 - - [21/Nov/2026:10:00:00 +0100] "GET / HTTP/1.1" 200', NINE),
        ("json.at.began", json.dumps({"at": {"began": "2026-11-21T09:00:00Z"}}), NINE),
        ("json.t", json.dumps({"t": NINE.timestamp()}), NINE),
        ("json.t", "no json", None),
    ],
)
def test_times_of_lines_are_read_in_their_named_form(form: str, line: str, expected: datetime | None) -> None:
    assert time_of(form, zone_of(""))(line.encode()) == expected


@pytest.mark.parametrize(
    "options",
    [{"paths": "../*.log"}, {"paths": "/var/log/*"}, {"paths": "a,"}, {"paths": "*", "form": "rfc822"}],
)
def test_patterns_that_leave_the_folder_and_unknown_forms_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        check(entry("files", "system_log", options={"folder": "logs", **options}))
