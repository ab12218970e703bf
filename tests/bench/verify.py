"""Offline verification by size: `python -m tests.bench.verify [ITEMS ...]`.

Each size is a bundle made up of snapshots of 1,000 items of 1 KB, verified in a process of its own:
seconds of the clock and of the processor, and the most memory it took. Hashing the same files in the
same run is the floor.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from andon.audit.offline import verify_bundle
from andon.audit.stage import stage
from andon.audit.write import Staging
from andon.domain.decision import DecisionKind
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.values import sha256
from tests.audit.bundled import EXPORTED_AT
from tests.audit.story import INCIDENT, START, STAY, TRUST, YES_NO, Story, evidence_item, locked_copies

SIZES: Final = (1_000, 10_000, 100_000)
A_SNAPSHOT: Final = 1_000
ITEM_BYTES: Final = 1_024
TARGET_SECONDS: Final = 2.0
"""For 10,000 items."""


def content_of(snapshot: int, number: int) -> bytes:
    """Return an item's stored bytes; no two are the same."""
    return (f"{snapshot}/{number}".encode() * ITEM_BYTES)[:ITEM_BYTES]


def make(folder: Path, items: int) -> Path:
    """Write a bundle with so many items."""
    story = Story()
    story.add(Kind.INCIDENT_OPENED, actor="source:monitor")
    staging = Staging(folder / f"bundle-{items}")
    for snapshot in range(1, items // A_SNAPSHOT + 1):
        story.seal(0)
        manifest = story.manifests[-1]
        listed = []
        for number in range(A_SNAPSHOT):
            content = content_of(snapshot, number)
            item = evidence_item(snapshot, number, START)
            digest = sha256(content)
            key = f"evidence/{INCIDENT}/{digest}"
            listed.append(item.model_copy(update={"sha256": digest, "key": key, "size_bytes": ITEM_BYTES}))
            staging.stream(key, [content])
        sealed = manifest.model_copy(update={"items": tuple(listed)})
        story.manifests[-1] = sealed
        story.rewrite(len(story.entries) - 1, digests={"root": sealed.root()})
    story.ask(DecisionKind.TRIAGE, (Role.RESPONDER, Role.INCIDENT_LEAD), YES_NO + STAY)
    story.answer("triage-1", "lena.lead", Role.INCIDENT_LEAD, "confirmed")
    story.settle("triage-1", "confirmed")
    stage(staging, story.exported(), locked=locked_copies(story))
    return staging.finish(INCIDENT, EXPORTED_AT, agent="bench")


def measure(bundle: Path) -> dict[str, float]:
    """Verify a bundle in this process, and hash its files once more."""
    began = time.perf_counter()
    before = time.process_time()
    report = verify_bundle(bundle, TRUST)
    seconds, processor = time.perf_counter() - began, time.process_time() - before
    most = _most_memory()
    assert report.holds, [one.problem for _, one in report.findings()][:3]
    began = time.perf_counter()
    for path in bundle.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")
    floor = time.perf_counter() - began
    return {"seconds": seconds, "processor": processor, "hashing": floor, "megabytes": most}


def _most_memory() -> float:
    """Return the most memory this process has taken, in MB."""
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _main() -> int:
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
        return 0
    sizes = [int(one) for one in sys.argv[1:]] or list(SIZES)
    print(f"{'items':>8} {'seconds':>8} {'of the processor':>17} {'per 10,000':>11} {'hashing':>8} {'MB':>6}")
    late = False
    with tempfile.TemporaryDirectory(prefix="andon-verify-") as folder:
        for items in sizes:
            bundle = make(Path(folder), items)
            command = [sys.executable, "-m", "tests.bench.verify", "--measure", str(bundle)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
            found = json.loads(done.stdout)
            each = found["processor"] * 10_000 / items
            print(
                f"{items:8,} {found['seconds']:8.2f} {found['processor']:17.2f} {each:11.2f} "
                f"{found['hashing']:8.2f} {found['megabytes']:6.0f}",
                flush=True,
            )
            late |= items == 10_000 and found["processor"] > TARGET_SECONDS
    return int(late)


if __name__ == "__main__":
    sys.exit(_main())
