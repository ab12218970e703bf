"""The spool keeps what is acknowledged: on disk, encrypted, in order, whatever ends the process."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.domain.errors import InvalidInputError
from andon.door.spool import Place, Spool, SpoolFullError

MASTER = bytes(range(32))
KILLED = """
import asyncio, os, sys
from pathlib import Path
from andon.door.spool import Spool

async def main():
    spool = Spool(Path(sys.argv[1]), bytes(range(32)))
    spool.open()
    for number in range(100_000):
        await spool.keep(f"line {number}".encode())
        os.write(1, f"{number}\\n".encode())

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    one = Spool(folder, MASTER)
    one.open()
    yield one
    one.close()


def read_anew(folder: Path, master: bytes = MASTER) -> list[bytes]:
    """Read a copy, as after a crash: the folder itself belongs to the process that writes."""
    with tempfile.TemporaryDirectory() as place:
        again = Spool(Path(shutil.copytree(folder, Path(place) / "spool")), master)
        try:
            return [content for _, content in again.open()]
        finally:
            again.close()


async def test_what_is_kept_is_read_again_in_order(spool: Spool, folder: Path) -> None:
    places = [await spool.keep(f"line {number}".encode()) for number in range(20)]
    assert places == sorted(places)
    assert read_anew(folder) == [f"line {number}".encode() for number in range(20)]


async def test_what_comes_in_together_is_kept_together(spool: Spool, folder: Path) -> None:
    places = await asyncio.gather(*(spool.keep(b"x" * number) for number in range(1, 200)))
    assert len(set(places)) == 199
    assert sorted(map(len, read_anew(folder))) == list(range(1, 200))


async def test_nothing_of_it_can_be_read_without_the_key(spool: Spool, folder: Path) -> None:
    await spool.keep(b"card 4111 1111 1111 1111")
    (segment,) = [path for path in folder.iterdir() if b"\n" in path.read_bytes()]
    assert b"4111" not in segment.read_bytes()
    assert segment.stat().st_mode & 0o077 == 0
    assert read_anew(folder, bytes(32)) == []


async def test_a_line_that_was_cut_off_is_passed_over_and_the_others_stand(
    spool: Spool, folder: Path
) -> None:
    for number in range(3):
        place = await spool.keep(f"line {number}".encode())
    (segment,) = [path for path in folder.iterdir() if b"\n" in path.read_bytes()]
    os.truncate(segment, place.offset + 10)
    assert read_anew(folder) == [b"line 0", b"line 1"]


async def test_a_line_that_was_altered_or_moved_is_passed_over_and_its_segment_set_aside(
    folder: Path,
) -> None:
    first = Spool(folder, MASTER)
    first.open()
    for number in range(3):
        await first.keep(f"line {number}".encode())
    first.close()
    (segment,) = folder.glob("*.spool")
    lines = segment.read_bytes().split(b"\n")
    lines[0], lines[1] = lines[1], lines[0]
    segment.write_bytes(b"\n".join(lines))
    again = Spool(folder, MASTER)
    ((place, content),) = again.open()
    assert content == b"line 2"
    await again.settle(place)
    again.close()
    assert segment.with_suffix(".damaged").exists()
    assert not segment.exists()


async def test_a_segment_goes_with_its_last_line_and_not_before(spool: Spool, folder: Path) -> None:
    first, second = await spool.keep(b"one"), await spool.keep(b"two")
    await spool.settle(first)
    assert read_anew(folder) == [b"one", b"two"]
    await spool.settle(second)
    assert read_anew(folder) == []
    third = await spool.keep(b"three")
    assert third > second
    assert read_anew(folder) == [b"three"]


async def test_full_segments_are_followed_by_others(folder: Path) -> None:
    spool = Spool(folder, MASTER, segment_bytes=4096)
    spool.open()
    places = [await spool.keep(b"x" * 500) for _ in range(30)]
    spool.close()
    assert len({place.segment for place in places}) > 3
    assert len(read_anew(folder)) == 30


async def test_what_can_not_be_kept_is_never_acknowledged_and_the_next_is_tried(
    spool: Spool, folder: Path
) -> None:
    place = await spool.keep(b"before")
    await spool.settle(place)
    hidden = folder.rename(folder.with_name("elsewhere"))
    fresh = Spool(folder, MASTER, segment_bytes=1)
    folder.write_text("in the way")
    with pytest.raises(SpoolFullError):
        await fresh.keep(b"lost")
    folder.unlink()
    hidden.rename(folder)
    assert isinstance(await fresh.keep(b"kept"), Place)
    fresh.close()
    assert read_anew(folder) == [b"kept"]


def test_two_doors_never_share_a_folder(spool: Spool, folder: Path) -> None:
    other = Spool(folder, MASTER)
    with pytest.raises(InvalidInputError, match="another door"):
        other.open()
    other.close()


def test_kill_9_loses_nothing_that_was_acknowledged(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        seen = [running.stdout.readline() for _ in range(200)]
        running.kill()
        seen += running.stdout.readlines()
    acknowledged = [int(line) for line in seen if line.endswith(b"\n")]
    assert len(acknowledged) >= 200
    kept = read_anew(folder)
    assert kept[: len(acknowledged)] == [f"line {number}".encode() for number in acknowledged]
    assert len(kept) <= len(acknowledged) + 1
