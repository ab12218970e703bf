"""What all foreign forms have in common: a body is read by its source's mapping and given to the intake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import Field

from andon.domain.mapping import dedupe_key, read_report
from andon.domain.sender import Says
from andon.domain.severity import Band
from andon.domain.source import Source
from andon.domain.values import Frozen, IncidentId, sha256
from andon.door.answers import Answer
from andon.door.intake import Intake
from andon.door.opening import Arrived, new_receipt
from andon.door.repeats import Repeats, receipt_of
from andon.door.senders.callers import Sent
from andon.door.senders.words import Words

LEFT_ALONE: Final = "left_alone"


class Handled(Frozen):
    """What became of one foreign report."""

    outcome: str = Field(
        description="as of a detection; or noted: the sender's word stands with the incident; "
        "nothing_open: there was nothing to note it with; left_alone: its source does not want such reports"
    )
    receipt: str | None = None
    incident: IncidentId | None = None
    url: str | None = None
    severity: Band | None = None
    contained: bool = False
    notes: tuple[str, ...] = Field((), description="what could not be used; it is kept all the same")


class Reception:
    """Takes foreign reports in, one at a time."""

    def __init__(self, intake: Intake, repeats: Repeats, words: Words) -> None:
        self._intake = intake
        self._repeats = repeats
        self._words = words

    async def take(
        self, sent: Sent, body: Mapping[str, Any], *, number: int = 0, by: str = "", pinned: str = ""
    ) -> Handled:
        """Take one report.

        Args:
            sent: who sent it, as which source, when.
            body: what it says.
            number: its place among the reports of one request.
            by: whose the dedupe keys are, where each sender has keys of its own.
            pinned: what the sender itself calls this report; the same again is not taken twice.
        """
        if not sent.source.wants(body):
            return Handled(outcome=LEFT_ALONE)
        read = read_report(sent.source, body, sent.received_at, by=by)
        arrived = _arrived(sent, body, number, pinned)
        taking = partial(self._intake.take, read.report, arrived)
        keyed = bool(sent.call or pinned)
        answer = await (self._repeats.once(arrived.receipt, taking) if keyed else taking())
        key = read.report.dedupe_key
        if key is not None and not self._intake.outage.away:
            await self._words.remember(sent.source, key, answer.receipt, sent.received_at)
        return _handled(answer, read.notes)

    async def note(self, sent: Sent, body: Mapping[str, Any], says: Says, *, by: str = "") -> Handled:
        """Note that the sender takes a thing for over, or for known; nothing is closed or released by it."""
        key = dedupe_key(sent.source, body, by)
        return await self._noted(sent.source, key, says, sent.who, sent.received_at)

    async def _noted(self, source: Source, key: str | None, says: Says, who: str, at: datetime) -> Handled:
        kept = await self._words.note(source, key, says, who, at) if key else None
        if kept is None:
            return Handled(outcome="nothing_open")
        answer = await self._intake.as_it_stands(kept)
        return _handled(answer, ()).model_copy(update={"outcome": "noted"})


def _arrived(sent: Sent, body: Mapping[str, Any], number: int, pinned: str) -> Arrived:
    original = json.dumps(body, ensure_ascii=False)
    content = original.encode()
    called = [pinned] if pinned else [sent.call, number] if sent.call else None
    # Other content under the same name is another report, and joins the first by its dedupe key.
    receipt = (
        receipt_of(sent.who, json.dumps([sent.source.id, *called]), content) if called else new_receipt()
    )
    return Arrived(receipt, sent.who, sent.received_at, sha256(content), original, sent.source.limits)


def _handled(answer: Answer, notes: tuple[str, ...]) -> Handled:
    return Handled(
        outcome=answer.outcome.value,
        receipt=answer.receipt,
        incident=answer.incident,
        url=answer.url,
        severity=answer.severity,
        contained=answer.contained,
        notes=notes,
    )
