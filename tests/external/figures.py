"""Figures of the external suites: measured in a run, kept in docs/external.json."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "docs" / "external.json"


def ticks() -> float:
    return time.monotonic()


def seconds_since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def note(suite: str, **figures: Any) -> None:
    """Put figures of a suite beside those that stand there."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True, cwd=FILE.parent
    ).stdout.strip()
    load = round(os.getloadavg()[0], 1)
    kept[suite] = {**kept.get(suite, {}), **figures, "commit": commit, "load": load}
    FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
