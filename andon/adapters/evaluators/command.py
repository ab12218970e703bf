"""Running an AI system's eval suite by the command that its file names.

The command runs in a session of its own, with a reduced environment and no shell. It gets the
incident's own case in `{cases}` (one JSON object a line, see `case.py`), and writes its result to
`{out}` (see `report.py`) and what logs it likes into `{logs}`. Output and logs may hold personal
data: they are encrypted and locked like all evidence, and error messages quote nothing of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from andon.adapters.clock import utc_now
from andon.adapters.evaluators.case import case_line
from andon.adapters.evaluators.child import run_child
from andon.adapters.evaluators.report import read_report
from andon.adapters.redaction.guarded import Guard
from andon.adapters.store.packs import open_item
from andon.adapters.store.vault import AesVault
from andon.domain.errands import EvaluationRequest
from andon.domain.errors import EvaluationError
from andon.domain.evidence import EvidenceItem
from andon.domain.gate import EvaluationResult
from andon.domain.system import Evaluation
from andon.domain.trace_names import TRACE_KIND
from andon.domain.values import Sha256Hex, digest_of, sha256
from andon.ports import Captured, EvidenceStore
from andon.register.evidence import Evidence
from andon.register.incidents import Incidents
from andon.register.policies import Systems

OUTSIDE_SNAPSHOTS: Final = 0
"""Snapshot number of items that no manifest lists; the result names the log by its digest."""

KIND: Final = "structured_validation_result"
SOURCE: Final = "evaluation"
COLLECTOR: Final = "evaluation/1"
MOST_LOG_BYTES: Final = 4 * 1024 * 1024
MOST_LOGS: Final = 20

STACK_MARK: Final = "ANDON_STACK_MARK"
"""Variable by which `andon up` knows what it has started."""


@dataclass(frozen=True, slots=True)
class EvaluationPlaces:
    """What an evaluator reads and where its logs go."""

    systems: Systems
    incidents: Incidents
    evidence: Evidence
    store: EvidenceStore
    vault: AesVault


class CommandEvaluator:
    """Runs one suite at a time per call; each run has a folder of its own."""

    def __init__(
        self,
        places: EvaluationPlaces,
        folder: Path,
        python: str = sys.executable,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._places = places
        self._folder = folder
        self._python = python
        self._now = now

    async def run(self, request: EvaluationRequest, progress: Callable[[str], None]) -> EvaluationResult:
        """Run the suite to its end and return its result; logs are stored as evidence."""
        suite = await self._suite(request)
        progress("preparing the incident's own case")
        lines = await self._cases(request)
        with tempfile.TemporaryDirectory(prefix="andon-evaluation-") as name:
            place = Path(name)
            (place / "logs").mkdir()
            (place / "cases.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
            started_at = self._now()
            code = await self._run(suite, request, place, progress)
            finished_at = self._now()
            progress("storing the logs")
            log = await self._keep_logs(request, place, started_at)
            if code is None:
                seconds = self._time(suite, request).total_seconds()
                raise EvaluationError(f"{suite.suite} did not end within {seconds:.0f} s; log {log[:16]}")
            try:
                return read_report(place / "result.json").result(
                    request.incident, code=code, started_at=started_at, finished_at=finished_at, log=log
                )
            except EvaluationError as error:
                raise EvaluationError(f"{suite.suite} exited with {code}: {error}; log {log[:16]}") from error

    async def _suite(self, request: EvaluationRequest) -> Evaluation:
        system = await asyncio.to_thread(self._places.systems.system, request.system)
        if system is None or system.evaluation is None:
            raise EvaluationError(f"the file of {request.system} names no evaluation")
        return system.evaluation

    async def _cases(self, request: EvaluationRequest) -> list[str]:
        """Return the incident's case, or nothing; the gate stays shut on a run without it."""
        row = await asyncio.to_thread(self._places.incidents.get, request.incident)
        opening = row.opening if row else None
        items = await asyncio.to_thread(self._places.evidence.items, request.incident, TRACE_KIND)
        by_trace = {item.id.rsplit("/", 1)[-1]: item for item in items}
        for trace_id in opening.trace_ids if opening else ():
            if trace_id in by_trace:
                trace = await open_item(
                    self._places.store, self._places.vault, request.incident, by_trace[trace_id]
                )
                line = case_line(request.incident, trace)
                if line is not None:
                    return [line]
        return []

    async def _run(
        self, suite: Evaluation, request: EvaluationRequest, place: Path, progress: Callable[[str], None]
    ) -> int | None:
        filled = {
            "{python}": self._python,
            "{out}": str(place / "result.json"),
            "{logs}": str(place / "logs"),
            "{cases}": str(place / "cases.jsonl"),
        }
        try:
            ended = await run_child(
                [_filled(argument, filled) for argument in suite.command],
                folder=self._folder / suite.directory,
                environment=_environment(place),
                output=place / "output.log",
                timeout=self._time(suite, request),
                progress=progress,
            )
        except OSError as error:
            raise EvaluationError(f"{suite.suite} can't be started: {error.strerror}") from error
        return ended.code

    @staticmethod
    def _time(suite: Evaluation, request: EvaluationRequest) -> timedelta:
        return min(request.timeout, timedelta(seconds=suite.timeout_seconds))

    async def _keep_logs(self, request: EvaluationRequest, place: Path, at: datetime) -> Sha256Hex:
        """Store output, result and logs; return the digest of the stored output."""
        contents = list(_logs(place))
        items = [await self._kept(request, name, content, at) for name, content in contents]
        await asyncio.to_thread(
            self._places.evidence.save_items, request.incident, OUTSIDE_SNAPSHOTS, items, ()
        )
        return items[0].sha256

    async def _kept(
        self, request: EvaluationRequest, name: str, content: bytes, at: datetime
    ) -> EvidenceItem:
        incident, vault = request.incident, self._places.vault
        bound_to = f"{KIND}/{SOURCE}/{request.number}/{at:%Y%m%dT%H%M%S%f}/{name}"
        content_type = "application/json" if name.endswith(".json") else "text/plain"
        found = Captured(kind=KIND, content=content, content_type=content_type, name=name)
        captured = await asyncio.to_thread(Guard(vault).admitted, incident, found, None)
        stored = await vault.encrypt(incident, captured.content, bound_to=bound_to)
        digest = sha256(stored)
        receipt = await self._places.store.put(
            f"evidence/{incident}/{digest}", stored, content_type="application/octet-stream"
        )
        return EvidenceItem(
            id=bound_to,
            kind=KIND,
            source=SOURCE,
            query=digest_of(request),
            captured_at=at,
            sha256=digest,
            size_bytes=len(stored),
            content_type=content_type,
            key=receipt.key,
            version_id=receipt.version_id,
            locked_until=receipt.locked_until,
            collector=COLLECTOR,
            plain=await vault.commit(incident, captured.content, bound_to=bound_to),
            found=captured.found,
            left_out=captured.left_out,
        )


def _filled(argument: str, values: dict[str, str]) -> str:
    for placeholder, value in values.items():
        argument = argument.replace(placeholder, value)
    return argument


def _environment(place: Path) -> dict[str, str]:
    """Return what the suite may know of ours: no settings, no tokens, no proxies.

    The mark of the embedded stack goes along, so that what a killed stack leaves running is found and ended.
    """
    mark = os.environ.get(STACK_MARK)
    return {
        **({STACK_MARK: mark} if mark else {}),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": str(place),
        "TMPDIR": str(place),
        "PYTHONUNBUFFERED": "1",
    }


def _logs(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the output first, then what else the run left, each cut to its end."""
    left: Sequence[Path] = sorted(path for path in (place / "logs").rglob("*") if path.is_file())
    named = [("output.log", place / "output.log"), ("result.json", place / "result.json")]
    named += [(f"logs/{path.relative_to(place / 'logs')}", path) for path in left[:MOST_LOGS]]
    for name, path in named:
        if name == "output.log" or path.is_file():
            yield name, _end_of(path)


def _end_of(path: Path) -> bytes:
    with path.open("rb") as content:
        content.seek(max(0, path.stat().st_size - MOST_LOG_BYTES))
        return content.read()
