"""What senders say later of what they reported: kept at once, told to the incident's workflow soon after."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from andon.api.problems import ProblemError
from andon.domain.sender import SENDER_SAYS, Says, SenderSays
from andon.domain.source import Source
from andon.door.engine import Engine, EngineAwayError
from andon.door.opening import Secrets
from andon.register.detections import Detection, Detections
from andon.register.incidents import Incidents
from andon.register.quality import IssueState, QualityIssues
from andon.register.senders import Senders, Word

logger = logging.getLogger(__name__)

TELL_EVERY_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 10


class Words:
    """Finds what a sender speaks of, and passes on what it says."""

    def __init__(
        self,
        senders: Senders,
        detections: Detections,
        incidents: Incidents,
        issues: QualityIssues,
        engine: Engine,
        keys: Secrets,
    ) -> None:
        self._senders = senders
        self._detections = detections
        self._incidents = incidents
        self._engine = engine
        self._issues = issues
        self._keys = keys

    async def remember(self, source: Source, key: str, receipt: str, at: datetime) -> None:
        """Note what a sender calls a report.

        While the register takes nothing the report itself is kept on disk; then all that is missing is
        what a later word of the sender would be noted with.
        """
        named = self._named(source.id, key)
        try:
            await asyncio.to_thread(self._senders.remember, source.id, named, receipt, at)
        except SQLAlchemyError:
            logger.warning("what a sender calls its report could not be noted", exc_info=True)

    async def note(self, source: Source, key: str, says: Says, who: str, at: datetime) -> Detection | None:
        """Keep what a sender says; return the report it speaks of, None when nothing of it is open.

        Raises:
            ProblemError: 503, the register takes nothing.
        """
        try:
            return await asyncio.to_thread(self._note, source.id, key, says, who, at)
        except SQLAlchemyError as error:
            logger.warning("what a sender says could not be noted", exc_info=True)
            again = {"Retry-After": str(AGAIN_SECONDS)}
            raise ProblemError(
                503,
                "not-noted",
                f"Nothing can be noted now; send it again in {AGAIN_SECONDS} s.",
                headers=again,
            ) from error

    def _named(self, source: str, key: str) -> str:
        named = self._keys.dedupe(source, key, purpose="sender")
        assert named is not None  # noqa: S101 - only no key at all gives none
        return named

    def _note(self, source: str, key: str, says: Says, who: str, at: datetime) -> Detection | None:
        with self._incidents.together():
            receipt = self._senders.receipt(source, self._named(source, key))
            kept = self._detections.get(receipt) if receipt else None
            row = self._incidents.get(kept.incident) if kept and kept.incident else None
            if kept is None or (row is not None and row.closed_at is not None):
                return None
            if kept.incident:
                self._senders.say(kept.incident, who, says.value, at)
                return kept
            issue = self._issues.open_with(kept.system, self._keys.dedupe(kept.system, key))
            if issue is None:
                return None
            if says is Says.RESOLVED:
                self._issues.settle(issue, IssueState.RESOLVED, at=at, by=who)
            return kept

    async def tell(self) -> None:
        """Tell each workflow that has begun what senders said; what can't be told is kept."""
        words = sorted(await asyncio.to_thread(self._senders.untold), key=_group)
        for _, some in groupby(words, key=_group):
            await self._tell(list(some))

    async def keep_telling(self) -> None:
        """Tell every two seconds, for ever."""
        while True:
            await asyncio.sleep(TELL_EVERY_SECONDS)
            try:
                await self.tell()
            except EngineAwayError:
                logger.info("what senders said waits for Temporal")
            except Exception:  # what was said is kept, and the next round tries again
                logger.exception("workflows could not be told what senders said")

    async def _tell(self, words: list[Word]) -> None:
        last = words[-1]
        row = await asyncio.to_thread(self._incidents.get, last.incident)
        if row is not None and row.closed_at is None and row.started_at is None:
            return
        said = SenderSays(
            source=last.source, says=Says(last.says), count=len(words), last_at=last.at, upto=last.id
        )
        if not await self._engine.pass_on(last.incident, SENDER_SAYS, said):
            logger.info("a sender spoke of an ended workflow", extra={"incident": last.incident})
        await asyncio.to_thread(self._senders.told, [one.id for one in words], datetime.now(UTC))


def _group(word: Word) -> tuple[str, str, str]:
    return word.incident, word.source, word.says
