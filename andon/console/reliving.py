"""The moments of an incident for whoever looks: replayed apart, once for all who ask, and kept a while.

1. What is kept holds for one end of the ledger and so many steps after the close; then it is replayed anew.
2. Whoever asks while it is replayed waits for the same replay. One runs at a time, and few may wait.
3. The histories are Temporal's; once it has them no longer, or does not answer, those of the archive.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.console.parts import Parts
from andon.console.reliver import Reliver, ReplayEndedError
from andon.domain.archive import Archive, archives_under
from andon.domain.errors import AndonError, NotFoundError
from andon.domain.ledger import Entry
from andon.domain.relived import Line, Relived, line_of
from andon.domain.values import Frozen, IncidentId, Sha256Hex
from andon.register.follow_ups import FollowUps

logger = logging.getLogger(__name__)

PAGE: Final = 1_000
KEPT_AT_MOST: Final = 8
"""Incidents whose moments are kept; each is a megabyte or so."""
KEPT_BYTES: Final = 32 * 1024 * 1024
WAITING_AT_MOST: Final = 8
ARCHIVE_BYTES: Final = 64 * 1024 * 1024
AGAIN: Final = {"Retry-After": "10"}
HISTORIES: Final = "histories/"

Key = tuple[Sha256Hex, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    key: Key
    line: Line
    size_bytes: int


class Reliving:
    """Answers what was so at each moment of an incident."""

    def __init__(self, parts: Parts, reliver: Reliver | None = None) -> None:
        self._parts = parts
        self._reliver = reliver or Reliver()
        self._follow_ups = FollowUps(parts.databases.register)
        # Of its own, so that a long replay takes no thread that somebody's answer needs.
        self._thread = ThreadPoolExecutor(1, "replay")
        self._kept: OrderedDict[IncidentId, _Kept] = OrderedDict()
        self._under_way: dict[tuple[IncidentId, Key], asyncio.Task[Line]] = {}

    async def line(self, incident: IncidentId) -> Line:
        """Return all moments of an incident, as its ledger bears them out.

        Raises:
            ProblemError: it can't be replayed now.
        """
        head = await asyncio.to_thread(self._parts.ledger.head, incident)
        key = (head.digest, await asyncio.to_thread(self._follow_ups.steps, incident))
        kept = self._kept.get(incident)
        if kept is not None and kept.key == key:
            self._kept.move_to_end(incident)
            return kept.line
        task = self._under_way.get((incident, key))
        if task is None:
            if len(self._under_way) >= WAITING_AT_MOST:
                raise ProblemError(
                    503,
                    "replays-waiting",
                    "Others are being replayed. Try again in a few seconds.",
                    headers=AGAIN,
                )
            task = asyncio.create_task(self._replayed(incident, key, head.length))
            self._under_way[incident, key] = task
            task.add_done_callback(lambda done: self._ended((incident, key), done))
        # Whoever goes away takes nothing from those who wait for the same.
        return await asyncio.shield(task)

    def close(self) -> None:
        """End the process that replays."""
        self._reliver.close()
        self._thread.shutdown(wait=False)

    def _ended(self, what: tuple[IncidentId, Key], done: asyncio.Task[Line]) -> None:
        self._under_way.pop(what, None)
        if not done.cancelled():
            done.exception()  # whoever waits is told; it counts as seen if nobody does any more

    async def _replayed(self, incident: IncidentId, key: Key, length: int) -> Line:
        # The ledger first: the histories that are read after it tell of all of it.
        entries = await asyncio.to_thread(self._entries, incident, length)
        answer = await self._answered(incident)
        line = await asyncio.to_thread(_held, answer, entries)
        self._keep(incident, _Kept(key, line, len(answer)))
        return line

    async def _answered(self, incident: IncidentId) -> bytes:
        """Return what the replay of Temporal's histories gave, or of the archive's."""
        place = self._parts.engine.address
        asked = {"incident": incident, "namespace": self._parts.namespace, "temporal": place}
        answer = await self._ask(asked)
        problem = _problem(answer)
        if problem is None:
            return answer
        objects = await self._archived(incident)
        if objects is not None:
            answer = await self._ask({**asked, "archive": objects})
            again = _problem(answer)
            if again is None:
                return answer
            problem = again
        logger.warning("%s can't be replayed: %s", incident, problem.get("detail", ""))
        raise _told(str(problem["problem"]))

    async def _ask(self, question: Mapping[str, Any]) -> bytes:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._reliver.ask, question)
        except ReplayEndedError as error:
            logger.warning("%s: %s", question["incident"], error)
            raise _told("late" if error.late else "ended") from error

    async def _archived(self, incident: IncidentId) -> dict[str, str] | None:
        """Return the newest archive and its histories by key; None: there is none that can be had."""
        store = self._parts.store
        try:
            keys = [one for one in await store.keys(archives_under(incident)) if HISTORIES not in one]
            if not keys:
                return None
            found = {keys[-1]: (await store.get(keys[-1])).decode()}
            for run in Archive.model_validate_json(found[keys[-1]]).runs:
                found[run.key(incident)] = (await store.get(run.key(incident))).decode()
                if sum(map(len, found.values())) > ARCHIVE_BYTES:
                    raise _told("unusable")
        except (NotFoundError, ValidationError, UnicodeDecodeError):
            logger.warning("%s: its archive can't be used", incident, exc_info=True)
            raise _told("unusable") from None
        except AndonError:
            return None
        return found

    def _entries(self, incident: IncidentId, length: int) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < length:
            after = found[-1].sequence if found else None
            page = self._parts.ledger.entries(incident, after=after, limit=PAGE)
            if not page:
                break
            found += page
        return found[:length]

    def _keep(self, incident: IncidentId, kept: _Kept) -> None:
        self._kept[incident] = kept
        self._kept.move_to_end(incident)
        while len(self._kept) > KEPT_AT_MOST or (
            len(self._kept) > 1 and sum(one.size_bytes for one in self._kept.values()) > KEPT_BYTES
        ):
            self._kept.popitem(last=False)


class _Answer(Frozen):
    relived: Relived


def _held(answer: bytes, entries: list[Entry]) -> Line:
    return line_of(_Answer.model_validate_json(answer).relived, entries)


def _problem(answer: bytes) -> Mapping[str, Any] | None:
    if answer.startswith(b'{"problem"'):
        found: dict[str, Any] = json.loads(answer)
        return found
    return None


_PROBLEMS: Final = {
    "not_found": (
        404,
        "There is no history of it any more, at Temporal or in an archive. Its timeline is what is left.",
    ),
    "away": (503, "Temporal does not answer, and nothing of it is archived yet. Try again."),
    "unusable": (409, "Its histories can't be used. `andon audit verify` says what is wrong with them."),
    "late": (503, "The replay took too long and was ended. `andon audit moments` has no such limit."),
    "ended": (503, "The replay ended without an answer. Try again."),
}


def _told(problem: str) -> ProblemError:
    status, detail = _PROBLEMS[problem]
    return ProblemError(status, f"replay-{problem.replace('_', '-')}", detail, headers=AGAIN)
