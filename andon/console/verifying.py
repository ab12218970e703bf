"""Verifying a bundle that somebody uploads: one at a time, in a bounded process that nothing of it outlives.

The console's own process writes the file to disk and hashes it; whatever opens it runs apart
(`andon.audit.apart`) with no network, and with limits on time, memory, processes and what it writes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import time
from typing import Any, Final

from fastapi import Request

from andon.adapters.evaluators.child import Ended, Errand, run_child
from andon.api.problems import ProblemError
from andon.config import VerifyingSettings
from andon.console.models.verifying import ReportShown, VerificationShown
from andon.console.parts import Parts
from andon.console.verifying_form import NoBundleError, Sent, drained, take_form
from andon.domain.confinement import Limits, Problem
from andon.domain.signing import key_id, public_key_of
from andon.domain.values import PersonId
from andon.register.checkpoints import CheckpointLog

logger = logging.getLogger(__name__)

VERIFIER: Final = "andon.audit.apart"
REPORT_BYTES: Final = 8 * 1024 * 1024
PROCESSES: Final = 16
OPEN_FILES: Final = 256
WRITTEN_MIB: Final = 32
LEFT_SECONDS: Final = 4 * 3600.0
"""What lies longer was left by a console that was killed: no verification takes so long."""
PLAIN: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
AGAIN: Final = {"Retry-After": "30"}

WHY: Final = {
    Problem.TIMEOUT: "Verifying it took longer than is allowed here.",
    Problem.MEMORY: "Verifying it takes more memory than is allowed here.",
    Problem.PROCESSES: "The verifier was stopped: it had more processes than it may.",
    Problem.OUTPUT: "The verifier was stopped: it wrote more than it may.",
    Problem.KILLED: "The verifier was stopped: it took more than it may.",
    Problem.NO_RESULT: "The verifier ended and left no report. It may have had too little memory.",
    Problem.GARBLED: "The verifier left a report that can't be read.",
    Problem.NOT_STARTED: "The verifier could not be started on this machine.",
}
ELSEWHERE: Final = "Verify it on your own machine: andon audit verify FILE --trust KEYS"


class Verifying:
    """Takes bundles, one of a person at a time, and verifies them one after the other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings: VerifyingSettings = parts.verifying
        self._turn = asyncio.Semaphore(1)
        self._people: set[PersonId] = set()

    @property
    def most(self) -> int:
        """Largest bundle that is taken, in bytes."""
        return self._settings.upload_bytes

    async def verify(
        self, request: Request, person: PersonId, *, before_file: Callable[[dict[str, str]], None]
    ) -> VerificationShown:
        """Verify the bundle that a request holds; nothing of it is on disk when this returns.

        Args:
            request: a form with the file `bundle`, and `trust` and `replay` if wanted.
            person: who sends it.
            before_file: is called with the fields that came before the file, and may raise.

        Raises:
            ProblemError: 413 or 422, it can't be used; 409 or 503, not now; 504, it took too much.
        """
        async with self._place(request, person):
            with _folder(self._settings.folder) as folder:
                bundle = folder / "bundle.zip"
                sent = await take_form(request, bundle, self._settings.upload_bytes, before_file)
                digest = await asyncio.to_thread(_digest, bundle)
                trust = await asyncio.to_thread(self._trust, sent, folder)
                async with self._turn:
                    ended = await self._run(folder, replayed=sent.values.get("replay") == "yes")
                report = await asyncio.to_thread(_report, folder, ended)
                return await asyncio.to_thread(self._shown, report, sent, digest, trust, ended)

    @asynccontextmanager
    async def _place(self, request: Request, person: PersonId) -> AsyncIterator[None]:
        """Hold one of the places in the queue, from the first byte on: what waits lies on disk."""
        refused: ProblemError | None = None
        if person in self._people:
            told = "A bundle of yours is being verified. Send the next one when that is done."
            refused = ProblemError(409, "already-verifying", told, headers=AGAIN)
        elif len(self._people) > self._settings.waiting:
            told = "Too many bundles wait to be verified. Try again in a minute."
            refused = ProblemError(503, "too-many-waiting", told, headers=AGAIN)
        if refused is not None:
            await drained(request, self._settings.upload_bytes)
            raise refused
        self._people.add(person)
        try:
            yield
        finally:
            self._people.discard(person)

    def _trust(self, sent: Sent, folder: Path) -> dict[str, Any]:
        """Write the keys that count, and return them."""
        content = sent.trust or json.dumps(own_trust(self._parts)).encode()
        (folder / "trust.json").write_bytes(content)
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None  # the verifier says so
        return found if isinstance(found, dict) else {}

    async def _run(self, folder: Path, *, replayed: bool) -> Ended:
        place = folder / "run"
        place.mkdir(mode=0o700)
        seconds = self._settings.time.total_seconds()
        command = [
            *(sys.executable, "-I", "-m", VERIFIER),
            *(str(folder / "bundle.zip"), str(folder / "trust.json"), str(place / "report.json")),
            str(int(seconds) + 1),
            *(("--replay",) if replayed else ()),
        ]
        errand = Errand(
            command=command,
            folder=folder,
            environment={
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "HOME": str(place),
                "TMPDIR": str(place),
            },
            place=place,
            timeout=self._settings.time,
            limits=Limits(
                memory_mib=self._settings.memory_mib,
                processes=PROCESSES,
                file_mib=WRITTEN_MIB,
                open_files=OPEN_FILES,
                network="none",
            ),
        )
        return await run_child(errand, lambda _: None)

    def _shown(
        self, report: ReportShown, sent: Sent, digest: str, trust: dict[str, Any], ended: Ended
    ) -> VerificationShown:
        told = {"incident": report.incident, "holds": report.holds, "bytes": sent.size_bytes}
        logger.info("a bundle was verified", extra=told)
        return VerificationShown(
            **report.model_dump(),
            sha256=digest,
            size_bytes=sent.size_bytes,
            trust="uploaded" if sent.trust else "own",
            trust_sha256=hashlib.sha256(sent.trust).hexdigest() if sent.trust else None,
            keys=tuple(_keys(trust)),
            known=self._parts.incidents.get(report.incident) is not None,
            seconds=round(ended.seconds, 2),
            unenforced=ended.confinement.lacking,
        )


def own_trust(parts: Parts) -> dict[str, Any]:
    """Return this console's own keys as a trust file says them."""
    public = public_key_of(parts.attestation_seed)
    newest = CheckpointLog(parts.databases.register).newest()
    settings = parts.checkpoints
    return {
        "format": "andon-trust/1",
        "attestation": {key_id(public): base64.b64encode(public).decode()},
        "log": [newest[0].key] if newest else [],
        "witnesses": [settings.witness_key] if settings.witness_key else [],
        "timestamp_roots": list(_certificates(settings.authority_roots)) if settings.authority_roots else [],
    }


def sweep(folder: Path) -> None:
    """Remove what a console that was killed has left."""
    with suppress(FileNotFoundError):
        for one in folder.iterdir():
            if time() - one.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(one, ignore_errors=True)


@contextmanager
def _folder(place: Path | None) -> Iterator[Path]:
    """Give a folder for one verification, and take it away with all that is in it."""
    within = place or Path(tempfile.gettempdir())
    try:
        within.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(within)
        found = Path(tempfile.mkdtemp(prefix="bundle-", dir=within))
    except OSError as error:
        logger.exception("no bundle can be taken in")
        raise ProblemError(503, "no-room", "Bundles can't be kept for verifying just now.") from error
    try:
        yield found
    finally:
        shutil.rmtree(found)


def _report(folder: Path, ended: Ended) -> ReportShown:
    """Return what the verifier wrote.

    Raises:
        ProblemError: it wrote nothing that can be used, or says that the bundle can't be.
    """
    problem = ended.problem
    try:
        with (folder / "run" / "report.json").open("rb") as file:
            content = file.read(REPORT_BYTES + 1)
        said = json.loads(content) if len(content) <= REPORT_BYTES else {}
        if refused := said.get("refused"):
            raise NoBundleError(f"It can't be verified: {refused}.")
        if problem is None and ended.code == 0:
            return ReportShown.model_validate(said["report"])
        problem = problem or Problem.NO_RESULT
    except FileNotFoundError:
        problem = problem or Problem.NO_RESULT
    except (ValueError, KeyError, RecursionError):
        problem = problem or Problem.GARBLED
    logger.warning("a bundle could not be verified", extra={"problem": problem.value, "code": ended.code})
    status = 504 if problem is Problem.TIMEOUT else 422
    raise ProblemError(status, "not-verified", f"{WHY[problem]} {ELSEWHERE}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keys(trust: dict[str, Any]) -> Iterator[str]:
    """Yield the keys of a trust file that the verifier could use, in words."""
    attestation = trust.get("attestation")
    for one in attestation if isinstance(attestation, dict) else ():
        yield f"answers: {one[:16]}"
    for what, name in (("the log", "log"), ("a witness", "witnesses")):
        for one in trust.get(name) or ():
            yield f"{what}: {str(one)[:200]}"
    count = len(trust.get("timestamp_roots") or ())
    if count:
        yield f"time stamps: {count} {'certificate' if count == 1 else 'certificates'}"


def _certificates(path: Path) -> Iterator[str]:
    """Yield each certificate of a PEM file by itself."""
    end = "-----END CERTIFICATE-----"
    for one in path.read_text("ascii").split(end)[:-1]:
        yield f"{one[one.index('-----BEGIN') :]}{end}\n"
