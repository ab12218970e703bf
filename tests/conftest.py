"""What every test run has in common."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background with SIGINT ignored, and children inherit that:
    # programs that tests interrupt would not notice.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The SDK interrupts a workflow task after two seconds. On a machine that runs all tests at once that says
# nothing about the workflow, and can strike another test; what is stuck meets the bound of its own test.
os.environ.setdefault("TEMPORAL_DEBUG", "1")

HERE = Path(__file__).parent
SERVED = frozenset(
    {
        *("access", "adapters", "audit", "care", "cli", "client", "console", "door", "embedded", "examples"),
        *("record", "recorder", "register", "workflows"),
    }
)
"""Folders whose tests run against servers, or on either kind of database."""
FIRST = {
    "activities": 6,
    "adapters": 4,
    "audit": 4,
    "care": 1,
    "cli": 1,
    "console": 2,
    "door": 2,
    "examples": 3,
    "record": 2,
    "workflows": 1,
}
"""How many tests of each file are part of `make test` where each takes a second or more: those of a folder
drive an incident's workflow, ask a server as people do, or start one."""
CHROMIUM = Path("/usr/bin/chromium")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a bundle, and skip browser tests loudly where there is no Chromium.

    In CI, which installs Chromium, browser tests are not skipped but fail.
    """
    _leave_tables_to_later(items)
    _leave_courses_to_later(items)
    for item in items:
        if "made" in getattr(item, "fixturenames", ()):
            # The bundle that they forge, flip and verify takes an incident from end to end to make.
            item.add_marker(pytest.mark.xdist_group("bundle"))
    if CHROMIUM.exists() or os.environ.get("CI"):
        return
    reason = "no Chromium: install it (apt-get install chromium) to run browser tests"
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))


def _leave_tables_to_later(items: list[pytest.Item]) -> None:
    """Leave all but the first case of each table that needs a server to `make long`.

    The rules behind the cases are pure, and each of them is tried in tests/domain.
    """
    tried: set[str] = set()
    for item in items:
        if item.path.relative_to(HERE).parts[0] not in SERVED or not hasattr(item, "callspec"):
            continue
        table = item.nodeid.partition("[")[0]
        if table in tried:
            item.add_marker(pytest.mark.long)
        tried.add(table)


def _leave_courses_to_later(items: list[pytest.Item]) -> None:
    """Leave all but the first tests of each such file to `make long`, which also runs before a release."""
    taken: Counter[Path] = Counter()
    for item in items:
        most = FIRST.get(item.path.relative_to(HERE).parts[0])
        if most is None or any(map(item.get_closest_marker, ("long", "stack", "browser"))):
            continue
        taken[item.path] += 1
        if taken[item.path] > most:
            item.add_marker(pytest.mark.long)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End at once with the run's own status: a process that used a Temporal client can abort at exit."""
    if hasattr(config, "workerinput"):
        return
    status = getattr(config, "andon_exit_status", None)
    if status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the status for the last act."""
    session.config.andon_exit_status = int(exitstatus)  # type: ignore[attr-defined] # our own mark
