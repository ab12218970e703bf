"""Masking beside parsing and writing JSON, in one run: `python -m tests.bench.redaction`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

from andon.adapters.redaction.guarded import Guard
from andon.adapters.redaction.views import redacted
from andon.ports import Captured
from tests.redaction.generator import Dice, samples

INCIDENT = "INC-20260301-abc123"
SENTENCE = (
    "the refund was sent to another account than the one on file and nobody noticed until the customer wrote "
    "again about order and asked why it had not arrived after ten days while the assistant said it was done"
)
WORDS = SENTENCE.split()


class Marks:
    """The same mark for everything: keys are not what is measured."""

    def mark_now(self, incident: str, secret: str) -> str:
        """Return a mark."""
        return f"{len(incident):06x}{len(secret):06x}"


def traffic(megabytes: float, share: float, seed: int = 1) -> list[bytes]:
    """Return chats as applications send them; `share` of the messages hold something to be found."""
    dice, found, size = Dice(seed), [], 0
    held = samples(seed, 10**9)
    while size < megabytes * 1e6:
        messages = []
        for _ in range(12):
            text = " ".join(dice.choice(WORDS) for _ in range(dice.randint(20, 60)))
            if dice.random() < share:
                text += " " + next(held).text
            messages.append({"role": "user", "content": text, "at": 1_711_929_600 + dice.randint(0, 10**6)})
        document = json.dumps({"trace_id": dice.of("0123456789abcdef", 32), "messages": messages}).encode()
        found.append(document)
        size += len(document)
    return found


def timed(documents: list[bytes], work: Callable[[bytes], object]) -> float:
    """Return megabytes a second."""
    began = time.process_time()
    for document in documents:
        work(document)
    return sum(map(len, documents)) / 1e6 / (time.process_time() - began)


def admit(document: bytes) -> object:
    """Do what is done before an item is stored."""
    captured = Captured(kind="input", content=document, content_type="application/json", name="one")
    return Guard(Marks()).admitted(INCIDENT, captured, None)


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="tests.bench.redaction", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=10.0)
    chosen = parser.parse_args()
    print(f"{chosen.megabytes:g} MB of chats as JSON, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'messages with findings':>24} {'loads + dumps':>14} {'before storage':>15} {'view':>8}   MB/s")
    for share in (0.0, 0.05, 0.5):
        documents = traffic(chosen.megabytes, share)
        floor = timed(documents, lambda document: json.dumps(json.loads(document)))
        before = timed(documents, admit)
        view = timed(documents, lambda document: redacted(document, "application/json"))
        print(f"{share:>24.0%} {floor:>14.0f} {before:>15.1f} {view:>8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
