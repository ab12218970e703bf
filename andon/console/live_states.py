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
        """Begin to follow a place."""
        if place.holds:
            self._holds = await self._tried(self._switches.version) or self._holds
        if self._numbers.setdefault(place.subject, UNKNOWN) == UNKNOWN:
            await self._read_again((place.subject,))

    def forget(self, subject: str) -> None:
        """Follow a subject no more."""
        self._numbers.pop(subject, None)

    async def look(self, places: Iterable[Place]) -> None:
        """Look once at how often everything that is followed was touched by now."""
        await self._read_again(tuple(self._numbers))
        if any(one.holds for one in places):
            self._holds = await self._tried(self._switches.version) or self._holds

    async def _read_again(self, subjects: tuple[str, ...]) -> None:
        # Looks are made one after the other on a thread of their own, so the last to return is the newest.
        found = await self._tried(self._touched.numbers, subjects)
        self._numbers |= {one: number for one, number in (found or {}).items() if one in self._numbers}

    async def _tried(self, question: Callable[..., Answer], *about: object) -> Answer | None:
        try:
            return await self._asked(question, *about)
        except SQLAlchemyError as error:
            # What was told stands; a page that is fetched meanwhile says that the register is away.
            logger.warning("the register could not be looked at: %s", type(error).__name__)
            return None

    async def _asked(self, question: Callable[..., Answer], *about: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, *about)
