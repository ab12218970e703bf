"""Smoke test of the installed wheel, run outside the checkout: what ships must be whole."""

from __future__ import annotations

import importlib.metadata
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PACKAGES = ("andon", "workflows", "activities", "workers", "playbooks", "infra")
READY_SECONDS = 90


def andon(*arguments: str, given: str | None = None) -> str:
    """Run the installed command."""
    program = Path(sys.executable).with_name("andon")
    return subprocess.run(
        [program, *arguments], input=given, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def main() -> None:
    """Check who owns the packages, run commands, and start the whole stack."""
    owners = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        if owners[package] != ["andon"]:
            sys.exit(f"package {package} comes from {owners[package]}: a name collision")
    found = json.loads(
        andon("severity", "--facts", "-", "--json", given='{"facts": {"autonomy": "uncontrolled"}}')
    )
    if found["severity"] != "critical":
        sys.exit(f"severity of an uncontrolled system: {found}")
    with tempfile.TemporaryDirectory() as folder:
        stack(Path(folder))
    print("the wheel works outside the checkout")


def stack(folder: Path) -> None:
    """Start everything, ask the console something, stop everything."""
    ready = folder / "ready.json"
    program = Path(sys.executable).with_name("andon")
    up = subprocess.Popen([program, "up", "--data", str(folder / "data"), "--ready-file", str(ready)])
    try:
        end = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if up.poll() is not None or time.monotonic() > end:
                sys.exit("andon up did not become ready")
            time.sleep(0.2)
        place = json.loads(ready.read_text())
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{place['console']}/v1/systems",
            headers={"Authorization": f"Bearer {place['tokens']['auditor']}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback address
            json.load(answer)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


if __name__ == "__main__":
    main()
