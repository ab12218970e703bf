"""Telling web clients that a flag has changed, as it happens: server-sent events, after OFREP's ADR 0008.

An event says only that something changed; what, each client asks for itself, with a token of its own. The
switch store is looked at for all streams together, so that a change made by another process is told too.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.door.flags import Flags
from andon.door.tickets import Bearer, Tickets

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.2
BEAT_SECONDS: Final = 15.0
INACTIVITY_SECONDS: Final = 120
"""How long a page in the background keeps its stream."""
AGAIN_MILLISECONDS: Final = 500
"""After so long a client whose stream broke comes back."""
PATH: Final = "/ofrep/v1/stream"


class Streams:
    """The streams of one door: at most so many, all of them fed by one look at the switch store."""

    def __init__(
        self,
        flags: Flags,
        tickets: Tickets,
        most: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._flags = flags
        self._tickets = tickets
        self._most = most
        self._now = now
        self._open = 0
        self._version = ""
        self._moved = asyncio.Condition()
        self._wanted = asyncio.Event()
        self._closed = False

    @property
    def open(self) -> int:
        """How many streams there are now."""
        return self._open

    def place_for(self, caller: Caller) -> dict[str, Any] | None:
        """Return where a caller is told of changes, in OFREP's form; None: no room, or it is the probe."""
        if caller.role is None or self._closed or self._open >= self._most:
            return None
        return {
            "type": "sse",
            "endpoint": {"requestUri": f"{PATH}?ticket={self._tickets.issue(caller)}"},
            "inactivityDelaySec": INACTIVITY_SECONDS,
        }

    async def keep_watching(self) -> None:
        """Look whether anything has changed, for ever, as long as anybody listens."""
        while True:
            await self._wanted.wait()
            await self._look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def close(self) -> None:
        """End every stream; the server waits for its connections before it stops."""
        self._closed = True
        self._wanted.set()

    async def events(self, until: datetime) -> AsyncIterator[bytes]:
        """Yield a stream: at once one event, then one for each change, until its ticket runs out.

        The first one covers what changed between the client's last evaluation and now.
        """
        self._open += 1
        self._wanted.set()
        try:
            await self._look()
            yield f"retry: {AGAIN_MILLISECONDS}\n\n".encode()
            told = ""
            while not self._closed and self._now() < until:
                if self._version != told:
                    told = self._version
                    yield _event(told)
                elif not await self._change(told):
                    yield b": still here\n\n"
            if not self._closed:
                yield _event(told)  # the client asks again, and is told of a place with a fresh ticket
        finally:
            self._open -= 1
            if not self._open and not self._closed:
                self._wanted.clear()

    def refuse_if_full(self) -> None:
        """Refuse one stream more than there may be.

        Raises:
            ProblemError: 503, ask again later, or poll.
        """
        if self._closed or self._open >= self._most:
            told = f"This door keeps {self._most} streams and no more. Poll instead, or try another door."
            raise ProblemError(503, "streams-full", told, headers={"Retry-After": "30"})

    async def _change(self, told: str) -> bool:
        """Wait for another version; return False when it is time for a sign of life."""
        try:
            async with asyncio.timeout(BEAT_SECONDS), self._moved:
                await self._moved.wait_for(lambda: self._closed or self._version != told)
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        version = self._version
        if not self._closed:
            try:
                version = await loop.run_in_executor(self._flags.threads, self._flags.version)
            except SQLAlchemyError as error:
                # What was told stands; a client that asks meanwhile gets an error, and its code default.
                logger.warning("the switch store could not be looked at: %s", type(error).__name__)
        async with self._moved:
            self._version = version
            self._moved.notify_all()


router = APIRouter(tags=["OFREP"])


@router.get(PATH, response_class=StreamingResponse)
async def stream(request: Request, caller: Annotated[Caller, Depends(Bearer())]) -> StreamingResponse:
    """Tell of each change of a flag, as server-sent events (`refetchEvaluation`)."""
    streams: Streams = request.app.state.streams
    tickets: Tickets = request.app.state.tickets
    streams.refuse_if_full()
    until = tickets.until(request.query_params["ticket"])
    assert caller.role is not None and until is not None  # noqa: PT018, S101 - the guard read the same ticket
    return StreamingResponse(
        streams.events(until),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _event(version: str) -> bytes:
    told = json.dumps({"type": "refetchEvaluation", "etag": version}, separators=(",", ":"))
    return f"event: message\ndata: {told}\n\n".encode()
