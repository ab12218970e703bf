"""The witness: a process in another trust domain that signs checkpoints of logs that only grow.

It speaks https://c2sp.org/tlog-witness. What it knows of each log is on disk before anybody gets its
signature, so that no restart makes it sign a fork.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from andon.domain.errors import InvalidInputError
from andon.domain.note import (
    LOG,
    MOST_BYTES,
    WITNESS,
    Checkpoint,
    Note,
    NoteKey,
    cosign,
    key_of,
    read_checkpoint,
    read_note,
)
from andon.domain.values import sha256
from andon.domain.witness import Offer, Verdict, judge, read_offer

SIZE: Final = "text/x.tlog.size"
PLAIN: Final = "text/plain; charset=utf-8"
SEED_BYTES: Final = 32
MOST_ASKED: Final = MOST_BYTES + 4096
_PRIVATE: Final = 0o600


class WitnessFolder:
    """What a witness keeps: its key, and of each log the newest checkpoint it signed.

    Raises:
        InvalidInputError: the folder can't be used, or another witness uses it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidInputError(f"another witness uses {folder}") from error
        except OSError as error:
            raise InvalidInputError(f"{folder} can't be used: {error.strerror}") from error
        self._folder = folder

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._held)

    def seed(self) -> bytes:
        """Return the seed of the witness's key, made at the first call."""
        path = self._folder / "witness.key"
        if not path.exists():
            self._put(path, secrets.token_bytes(SEED_BYTES))
        seed = path.read_bytes()
        if len(seed) != SEED_BYTES:
            raise InvalidInputError(f"{path} must hold {SEED_BYTES} bytes; restore it from a copy")
        return seed

    def known(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint of a log that was signed here."""
        path = self._note(origin)
        return read_checkpoint(read_note(path.read_bytes())) if path.exists() else None

    def keep(self, origin: str, note: Note) -> None:
        """Keep a checkpoint as the newest; it is on the disk when this returns."""
        self._put(self._note(origin), note.text().encode())

    def _note(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode())}.note"

    def _put(self, path: Path, content: bytes) -> None:
        beside = path.with_name(f".{path.name}.new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _PRIVATE)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(descriptor)
        beside.replace(path)
        listing = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)


class WitnessDesk:
    """Judges what is offered, and signs what only grows."""

    def __init__(
        self, folder: WitnessFolder, name: str, logs: Iterable[NoteKey], now: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._seed = folder.seed()
        self._logs = {log.name: log for log in logs}
        self._now = now
        self._turn = Lock()
        self.key = key_of(name, self._seed, WITNESS)
        if any(log.kind != LOG for log in self._logs.values()):
            raise InvalidInputError("name the key of a log, not of a witness")

    def take(self, raw: bytes) -> Response:
        """Answer an offer; one at a time, since each is judged by the one before it."""
        try:
            offer = read_offer(raw)
            origin = read_checkpoint(offer.note).origin
        except InvalidInputError as error:
            return Response(f"{error}\n", Verdict.MALFORMED, media_type=PLAIN)
        log = self._logs.get(origin)
        if log is None:
            return Response("this log is not known here\n", Verdict.UNKNOWN, media_type=PLAIN)
        with self._turn:
            return self._judged(offer, origin, log)

    def _judged(self, offer: Offer, origin: str, log: NoteKey) -> Response:
        known = self._folder.known(origin)
        verdict = judge(offer, known, log)
        if verdict is Verdict.OUTDATED:
            return Response(f"{known.size if known else 0}\n", verdict, media_type=SIZE)
        if verdict is not Verdict.TAKEN:
            return Response(f"{verdict.name.lower()}\n", verdict, media_type=PLAIN)
        line = cosign(offer.note, self.key.name, self._seed, int(self._now()))
        self._folder.keep(origin, Note(body=offer.note.body, signatures=(*offer.note.signatures, line)))
        return Response(line.line(), verdict, media_type=PLAIN)


def create_app(desk: WitnessDesk) -> FastAPI:
    """Return the witness's server; it needs no tokens, since it signs only what the log has signed."""
    app = FastAPI(title="Andon witness", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "key": desk.key.text()}

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MOST_ASKED:
                return Response("too long\n", Verdict.MALFORMED, media_type=PLAIN)
        return await run_in_threadpool(desk.take, raw)

    return app
