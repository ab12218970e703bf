"""Telling open pages that something changed, as it happens, and nothing but that: server-sent events.

What changed, each page fetches for itself, under the rights its reader has by then. One look at the register
serves all streams of a console, and while nobody listens there is none.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from andon.api.problems import ProblemError
from andon.config import LiveSettings
from andon.console.live_rules import GUESSED_SECONDS, WEIGHT, Place, place_of, spread_seconds
from andon.console.live_states import States
from andon.console.live_visit import BY_ITSELF, Visit, visiting
from andon.console.sessions import Session, Sessions

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.2
CHECK_EVERY_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = (1.0, 3.0)
"""Between these a page whose stream broke comes back: all at once would hold up a console that starts."""
ENDED: Final = "ended"
ELSEWHERE: Final = "elsewhere"


@dataclass(eq=False, slots=True)
class Stream:
    """One open page."""

    session: Session
    place: Place
    told: str
    """The state that its reader has been told of."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    why: str = ""
    """Why it does not come back; empty if it may."""


class Live:
    """The open pages of one console."""

    def __init__(
        self,
        states: States,
        sessions: Sessions,
        limits: LiveSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._states = states
        self._sessions = sessions
        self._limits = limits
        self._now = now
        self._streams: list[Stream] = []
        self._costs: dict[str, float] = {}
        self._beside: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def open(self) -> int:
        """How many streams there are now."""
        return len(self._streams)

    @property
    def now_ms(self) -> int:
        """The console's clock, in milliseconds since 1970."""
        return round(self._now().timestamp() * 1000)

    async def token(self, place: Place) -> str:
        """Return the state of what a page shows; empty, which no state is, while it is not known."""
        return await self._states.read(place)

    def took(self, place: Place, seconds: float) -> None:
        """Learn what it costs to make a page of this kind."""
        known = self._costs.get(place.kind, GUESSED_SECONDS)
        self._costs[place.kind] = known + WEIGHT * (seconds - known)

    def spread_ms(self, place: Place) -> int:
        """Return over how many milliseconds those who read the same spread their fetches."""
        listeners = sum(1 for one in self._streams if one.place.subject == place.subject)
        return round(1000 * spread_seconds(listeners, self._costs.get(place.kind, GUESSED_SECONDS)))

    def close(self) -> None:
        """End every stream; the server waits for its connections before it stops."""
        self._closed = True
        for one in self._streams:
            one.moved.set()
        self._rest()

    def refuse_if_full(self) -> None:
        """Refuse one stream more than there may be.

        Raises:
            ProblemError: 503, ask again later; the page is right whenever it is opened.
        """
        if self._closed or len(self._streams) >= self._limits.streams:
            told = f"This console keeps {self._limits.streams} pages live and no more. Open the page again."
            raise ProblemError(503, "live-full", told, headers={"Retry-After": "30"})

    async def events(self, session: Session, place: Place, shown: str) -> AsyncIterator[bytes]:
        """Yield a stream: one event for each change of what the page shows, until its session is over.

        Args:
            session: whose page it is; the stream ends with it, and never prolongs it.
            place: what the page shows.
            shown: the state that the reader has seen; another one is told at once.
        """
        stream = Stream(session, place, shown)
        self._enter(stream)
        try:
            yield f"retry: {round(1000 * random.uniform(*AGAIN_SECONDS))}\n\n".encode()  # noqa: S311 - spreads
            yield self._beat(stream)
            await self._states.learn(place)
            while not (stream.over or self._closed):
                stream.moved.clear()
                if self._moved(stream):
                    stream.told = self._states.known(place) or ""
                    yield _event("changed", {"spread": self.spread_ms(place)}, stream.told)
                elif not await _within(BEAT_SECONDS, stream.moved.wait()):
                    yield self._beat(stream)
            if stream.why:
                yield _event("over", {"why": stream.why})
        finally:
            self._leave(stream)

    def _enter(self, stream: Stream) -> None:
        own = [one for one in self._streams if one.session.id == stream.session.id]
        # A browser has six connections to a place that speaks HTTP/1.1, and streams must leave some free.
        for one in own[: max(0, len(own) + 1 - self._limits.streams_per_session)]:
            self._end(one, ELSEWHERE)
        self._streams.append(stream)
        if not self._beside:
            self._beside = [
                asyncio.create_task(self._kept_up(self._keep_looking())),
                asyncio.create_task(self._kept_up(self._keep_checking())),
            ]

    def _leave(self, stream: Stream) -> None:
        self._streams.remove(stream)
        if not any(one.place.subject == stream.place.subject for one in self._streams):
            self._states.forget(stream.place.subject)
        if not self._streams:
            self._rest()

    def _rest(self) -> None:
        """Do nothing beside the streams any more, until one opens."""
        for task in self._beside:
            task.cancel()
        self._beside = []

    def _moved(self, stream: Stream) -> bool:
        return self._states.known(stream.place) not in (None, stream.told)

    async def _keep_looking(self) -> None:
        while True:
            await self._states.look([one.place for one in self._streams])
            for one in self._streams:
                if self._moved(one):
                    one.moved.set()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_SECONDS)
            for session in {one.session.id: one.session for one in self._streams}.values():
                if not await self._in_force(session):
                    for one in self._streams:
                        if one.session.id == session.id:
                            self._end(one, ENDED)

    async def _in_force(self, session: Session) -> bool:
        try:
            found = await self._sessions.still(session.id)
        except (SQLAlchemyError, ProblemError):
            return True  # nobody knows; whatever the page fetches is refused all the same
        return found is not None and found.bar is None

    async def _kept_up(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what runs beside the streams; should it fail, they end, and their pages come back for others."""
        try:
            await work
        except Exception:
            logger.exception("open pages were not told what changed")
            for one in self._streams:
                self._end(one)
            self._rest()

    @staticmethod
    def _end(stream: Stream, why: str = "") -> None:
        stream.over, stream.why = True, why
        stream.moved.set()

    def _beat(self, stream: Stream) -> bytes:
        """Return a sign of life: a page sees by it that nothing is lost, and what time it is here."""
        return _event("beat", {"now": self.now_ms, "spread": self.spread_ms(stream.place)})


@asynccontextmanager
async def visited(request: Request) -> AsyncIterator[None]:
    """Answer a request for a page within the block: know what it shows the state of, and what it cost."""
    streams: Live = request.app.state.live
    by_itself = BY_ITSELF in request.headers
    place = place_of(request.url.path, request.query_params) if request.method == "GET" else None
    # Read before the page is: what changes meanwhile is told, if only once too often.
    token = await streams.token(place) if place is not None else None
    began = time.perf_counter()
    with visiting(Visit(by_itself, token, streams.now_ms)):
        yield
    if by_itself and place is not None:
        streams.took(place, time.perf_counter() - began)


async def _within(seconds: float, waiting: Coroutine[Any, Any, object]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return False
    return True


def _event(name: str, said: dict[str, object], token: str = "") -> bytes:
    identified = f"id: {token}\n" if token else ""
    return f"{identified}event: {name}\ndata: {json.dumps(said, separators=(',', ':'))}\n\n".encode()
