"""A snapshot beside raw boto3, with the same threads, locks and checksums: `python -m tests.bench.snapshot`.

1,000 items of 1 KB and 100 of 1 MB go through the activity that takes evidence, and the same contents
through boto3 alone, one object each, in turn, into the same store. What the activity does besides:
encrypt each item under a key of its own, keep what it is about to store, and read each lock back.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from temporalio.testing import ActivityEnvironment

from activities.evidence import CollectCall, EvidenceActivities
from andon.adapters.clock import utc_now
from andon.adapters.store.evidence_index import RegisterEvidenceIndex
from andon.adapters.store.s3 import SIDE_BY_SIDE, S3EvidenceStore
from andon.adapters.store.vault import AesVault
from andon.config import DatabaseSettings, StoreSettings
from andon.domain.errands import EvidenceQuery
from andon.domain.evidence import EvidenceRow
from andon.ports import Captured, EvidenceSource
from andon.register.engine import open_databases
from andon.register.evidence import Evidence
from andon.register.keys import WrappedKeys
from andon.register.migrate import migrate
from tests.adapters.store.seen import client_of, identity_of
from tests.embedded.running import RunningStores

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SMALL: Final = (1_000, 1_000)
LARGE: Final = (100, 1_000_000)
LEAST: Final = 0.8
AT: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ROWS: Final = (EvidenceRow(id="inputs", kinds=("input",)),)
MEBIBYTE: Final = 2**20


class Contents:
    """A source whose items are random bytes, made as they are asked for."""

    name = "contents"
    version = "1"
    supplies: frozenset[str] = frozenset()

    def __init__(self, *kinds: tuple[int, int]) -> None:
        self._kinds = kinds

    async def of(self, system: str, source: str) -> EvidenceSource | None:
        """Return itself, whoever asks."""
        return self

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured]:
        """Yield all of them."""
        for count, size in self._kinds:
            for number in range(count):
                content = secrets.token_bytes(size)
                yield Captured(kind="input", content=content, content_type="x/y", name=f"{size}/{number}")


async def through_the_activity(folder: Path, store: StoreSettings, *kinds: tuple[int, int]) -> float:
    """Take one snapshot's items and return the seconds."""
    folder.mkdir()
    databases = DatabaseSettings(
        **{f"{one}_url": f"sqlite:///{folder}/{one}.db" for one in ("switches", "register", "recorder")}
    )
    migrate(databases)
    (folder / "master.key").write_bytes(os.urandom(32))
    incident = f"INC-20261121-{secrets.token_hex(3)}"
    query = EvidenceQuery(incident=incident, system="bench", since=AT - timedelta(hours=1), until=AT)
    call = CollectCall(source="contents", snapshot=1, query=query, rows=ROWS, at=AT)
    with closing(open_databases(databases)) as opened:
        index = RegisterEvidenceIndex(Evidence(opened.register))
        vault = AesVault(folder / "master.key", WrappedKeys(opened.register))
        locked = S3EvidenceStore(store)
        await locked.keys("evidence/nothing/")  # a worker makes its client once, as the floor does
        taking = EvidenceActivities(Contents(*kinds), locked, vault, index, utc_now)
        began = time.perf_counter()
        collected = await ActivityEnvironment().run(taking.collect, call)
        seconds = time.perf_counter() - began
    assert collected.items == sum(count for count, _ in kinds), collected
    return seconds


def through_boto3(client: S3Client, bucket: str, *kinds: tuple[int, int]) -> float:
    """Put the same contents, one object each, and return the seconds."""
    until = datetime.now(UTC) + timedelta(days=400)
    prefix = f"evidence/floor/{secrets.token_hex(6)}"

    def put(name: str, size: int) -> None:
        content = secrets.token_bytes(size)
        client.put_object(
            Bucket=bucket,
            Key=f"{prefix}/{name}",
            Body=content,
            IfNoneMatch="*",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
        )

    began = time.perf_counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        done = [
            threads.submit(put, f"{size}-{number}", size) for count, size in kinds for number in range(count)
        ]
        for one in done:
            one.result()
    return time.perf_counter() - began


def most_memory() -> int:
    """Return the most that this process has held since `forget_most`, in bytes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def forget_most() -> None:
    """Let the kernel begin anew (Linux: proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def compared(folder: Path, store: StoreSettings, rounds: int) -> list[tuple[str, list[float], list[float]]]:
    """Take each kind in turn with its floor; return its name and the seconds of both."""
    found = []
    kinds: Sequence[tuple[str, Sequence[tuple[int, int]]]] = (
        ("1,000 items of 1 KB", [SMALL]),
        ("100 items of 1 MB", [LARGE]),
        ("both", [SMALL, LARGE]),
    )
    with closing(client_of(store, connections=SIDE_BY_SIDE)) as client:
        for name, kind in kinds:
            ours, floor = [], []
            for number in range(rounds):
                floor.append(through_boto3(client, store.bucket, *kind))
                place = folder / f"{name.split()[0].replace(',', '')}-{number}"
                ours.append(asyncio.run(through_the_activity(place, store, *kind)))
            found.append((name, ours, floor))
    return found


def memory(folder: Path, store: StoreSettings) -> list[tuple[str, int]]:
    """Return the most memory of a snapshot of 20 MB and of one of 200 MB."""
    found = []
    for count in (20, 200):
        forget_most()
        asyncio.run(through_the_activity(folder / f"memory-{count}", store, (count, LARGE[1])))
        found.append((f"{count} MB", most_memory()))
    return found


def told(name: str, ours: list[float], floor: list[float]) -> str:
    """Return one line of the table."""
    mine, theirs = sorted(ours)[len(ours) // 2], sorted(floor)[len(floor) // 2]
    ratio = theirs / mine
    verdict = "yes" if ratio >= LEAST else "no"
    return f"| {name:20} | {mine:7.2f} s | {theirs:7.2f} s | {ratio:6.2f}x | >= {LEAST}x | {verdict:3} |"


def main() -> int:
    """Measure and print; 0 whether or not the targets are met."""
    parser = argparse.ArgumentParser(prog="tests.bench.snapshot", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each figure is taken; the middle counts"
    )
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="andon-bench-") as name:
        folder = Path(name)
        stores = RunningStores(folder)
        try:
            stores.start()
            store = identity_of(stores, "evidence")
            lines = compared(folder, store, rounds)
            small, large = memory(folder, store)
        finally:
            stores.close()
    print(f"| snapshot             | Andon     | boto3     | speed   | target  | met |\n|{'---|' * 6}")
    for line in lines:
        print(told(*line))
    growth = (large[1] - small[1]) / MEBIBYTE
    print(
        f"most memory: {small[1] / MEBIBYTE:.0f} MiB for {small[0]}, {large[1] / MEBIBYTE:.0f} MiB for "
        f"{large[0]} ({growth:+.0f} MiB); load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
