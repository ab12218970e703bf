"""The states that open pages show, followed in register and switch store by one look for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from andon.console.live_rules import Place, token_of
from andon.register.switches import Switches
from andon.register.touched import Touched

logger = logging.getLogger(__name__)

UNKNOWN: Final = -1
Answer = TypeVar("Answer")


class States:
    """What is known of the places that somebody listens to."""

    def __init__(self, touched: Touched, switches: Switches) -> None:
        self._touched = touched
        self._switches = switches
        self._numbers: dict[str, int] = {}
        self._newest = 0
        self._holds = 0
        # Of its own: a look must not queue behind pages that are read, nor their reading behind looks.
        self._thread = ThreadPoolExecutor(1, "andon-live")

    async def read(self, place: Place) -> str:
        """Return the state of a place as it is; empty, which no state is, while it is not known."""
        try:
            numbers = await self._asked(self._touched.numbers, (place.subject,))
            holds = await self._asked(self._switches.version) if place.holds else None
        except SQLAlchemyError:
            return ""
        return token_of(numbers[place.subject], holds)

    def known(self, place: Place) -> str | None:
        """Return the state of a place as it was seen last; None if it was not seen yet."""
        number = self._numbers.get(place.subject, UNKNOWN)
        return None if number == UNKNOWN else token_of(number, self._holds if place.holds else None)

    async def learn(self, place: Place) -> None:
        """Begin to follow a place; what a look tells of it meanwhile is newer."""
        if place.holds:
            self._holds = await self._tried(self._switches.version) or self._holds
        if self._numbers.setdefault(place.subject, UNKNOWN) == UNKNOWN:
            found = await self._tried(self._touched.numbers, (place.subject,))
            if found is not None:
                before = self._numbers.get(place.subject, UNKNOWN)
                self._numbers[place.subject] = max(before, found[place.subject])

    def forget(self, subject: str) -> None:
        """Follow a subject no more."""
        self._numbers.pop(subject, None)

    def begin(self) -> None:
        """Take nothing for seen: nobody has looked for a while."""
        self._newest = 0

    async def look(self, places: Iterable[Place]) -> None:
        """Look once at what was touched since the last look, for all places."""
        if self._newest:
            await self._follow()
        else:
            await self._catch_up()
        if any(one.holds for one in places):
            self._holds = await self._tried(self._switches.version) or self._holds

    async def _follow(self) -> None:
        touches = await self._tried(self._touched.since, self._newest)
        for touch in touches or ():
            self._newest = touch.number
            if touch.subject in self._numbers:
                self._numbers[touch.subject] = touch.number
        if not touches:
            # Not even the newest is there: the register is away, was set back, or is another one.
            self._newest = 0

    async def _catch_up(self) -> None:
        """Begin anew: read where things stand, and before that what is newer than it."""
        newest = await self._tried(self._touched.newest)
        found = await self._tried(self._touched.numbers, tuple(self._numbers))
        if newest is not None and found is not None:
            self._newest = newest
            self._numbers |= {one: number for one, number in found.items() if one in self._numbers}

    async def _tried(self, question: Callable[..., Answer], *about: object) -> Answer | None:
        try:
            return await self._asked(question, *about)
        except SQLAlchemyError as error:
            # What was told stands; a page that is fetched meanwhile says that the register is away.
            logger.warning("the register could not be looked at: %s", type(error).__name__)
            return None

    async def _asked(self, question: Callable[..., Answer], *about: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, *about)
