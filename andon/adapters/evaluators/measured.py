"""What of a run can be checked without believing the runner: its rules, its files, its logs, its time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from andon.adapters.evaluators.report import Report
from andon.domain.suite import SuiteRules, pin_of
from andon.domain.suite_run import Changed

CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""How far a runner's clock may be behind ours."""


def suite_changed(rules: SuiteRules, pin: str) -> Iterator[str]:
    """Yield a word if the suite is not the one that an incident was pinned to."""
    if not pin_of(rules).startswith(pin):
        yield Changed.SUITE.value


def files_changed(rules: SuiteRules, folder: Path) -> Iterator[str]:
    """Yield a word if a file that judges is missing or is not what the AI system's file names."""
    if any(_digest(folder / name) != digest for name, digest in rules.files.items()):
        yield Changed.FILES.value


def report_changed(report: Report, logs: Path, started_at: datetime) -> Iterator[str]:
    """Yield a word for each thing that a report says of its run and that is not so."""
    if any(_digest(logs / name) != digest for name, digest in report.logs_sha256.items()):
        yield Changed.LOG.value
    began = _moment(report.started_at)
    if began is not None and began < started_at - CLOCKS_DIFFER:
        yield Changed.TIME.value


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def _moment(said: object) -> datetime | None:
    """Read a time with its zone; what is none says nothing."""
    try:
        read = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None
