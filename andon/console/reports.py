"""Reports of people at the pages: from what they filled in to the door, and what became of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.access import READING
from andon.console.models.report import ReportTaken
from andon.console.parts import Parts
from andon.domain.detection import UNKNOWN_SYSTEM, Channel
from andon.domain.errors import NotFoundError, SignatureError
from andon.domain.spills import ADVICE, spills
from andon.domain.times import PERSON
from andon.register.deliveries import Sent
from andon.register.detections import Detection
from andon.register.incidents import IncidentRow

SENTENCE_AT_MOST: Final = 200
MORE_AT_MOST: Final = 8000
DONT_KNOW: Final = ""
OTHER: Final = "other"
_SEPARATORS: Final = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report and what has become of it."""

    detection: Detection
    row: IncidentRow | None
    told: tuple[Sent, ...]
    advice: tuple[str, ...]


class Reports:
    """Sends reports to the door, and finds them again for whoever made them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def send(self, caller: Caller, fields: Mapping[str, str], zone: tzinfo, key: str) -> ReportTaken:
        """Send what a person filled in; the same words under the same key count once.

        Raises:
            ProblemError: a field can't be used, or the door did not take it.
        """
        if caller.role is None:
            raise ProblemError(403, "forbidden", "This session stands for no person; people report.")
        report = report_of(fields, zone)
        return await self._parts.doorway.report(caller.person, caller.role, report, key)

    async def find(self, receipt: str, caller: Caller) -> Receipt:
        """Return a report to whoever made it, and to those who may read incidents.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        kept = await asyncio.to_thread(self._parts.detections.get, receipt)
        if kept is None or (caller.role not in READING and kept.source != f"{PERSON}{caller.person}"):
            raise NotFoundError("report", receipt)
        advice = await self._advice(kept)
        if kept.incident is None:
            return Receipt(kept, None, (), advice)
        row = await asyncio.to_thread(self._parts.incidents.get, kept.incident)
        told = await asyncio.to_thread(self._parts.deliveries.of, kept.incident)
        return Receipt(kept, row, _first_each(told), advice)

    async def known(self, receipt: str) -> bool:
        """Whether the register holds a report yet; while it is away the door keeps them elsewhere."""
        return await asyncio.to_thread(self._parts.detections.get, receipt) is not None

    async def _advice(self, kept: Detection) -> tuple[str, ...]:
        try:
            words = [
                await self._parts.texts.open(one) for one in (kept.title, kept.description) if one is not None
            ]
        except (NotFoundError, SignatureError):  # their key was destroyed: there is nothing to advise on
            return ()
        return tuple(ADVICE[one] for one in spills(*words))


def report_of(fields: Mapping[str, str], zone: tzinfo) -> dict[str, Any]:
    """Return the detection that a filled-in form stands for; what was left open is left out.

    Raises:
        ProblemError: 400, it says nothing, or a time that can't be.
    """
    title = fields.get("title", "").strip()
    if not title:
        raise ProblemError(400, "invalid-input", "Say in one sentence what you saw.")
    report = {
        "system": _system(fields),
        "channel": Channel.USER_REPORT.value,
        "title": title,
        "description": fields.get("description", "").strip(),
        "flag": fields.get("flag", DONT_KNOW),
        "severity": fields.get("severity", DONT_KNOW),
        "occurred_at": local_moment(fields.get("occurred", ""), zone),
        "trace_ids": [one for one in _SEPARATORS.split(fields.get("trace", "").strip().lower()) if one],
    }
    return {name: value for name, value in report.items() if value}


def _system(fields: Mapping[str, str]) -> str:
    chosen = fields.get("system", DONT_KNOW)
    if chosen in (DONT_KNOW, OTHER):
        return fields.get("named", "").strip() or UNKNOWN_SYSTEM
    return chosen


def local_moment(text: str, zone: tzinfo) -> str:
    """Return a time as its writer's clocks showed it; one they never or twice showed is not guessed.

    A time that names its zone is that time, whatever clocks the writer has.
    """
    if not text.strip():
        return ""
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ProblemError(400, "invalid-input", "When: give a day and a time, or leave it empty.") from error
    if given.tzinfo is not None:
        return given.isoformat()
    local = given.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ProblemError(
            400,
            "invalid-input",
            "When: the clocks were changed at that time, so it never was or was twice. Leave it empty and "
            "write it into the details, with its zone.",
        )
    return local.isoformat()


def _first_each(sent: Sequence[Sent]) -> tuple[Sent, ...]:
    """Return who was told, each once, in the order they were reached."""
    first: dict[str, Sent] = {}
    for one in sent:
        if one.ok and one.person:
            first.setdefault(one.person, one)
    return tuple(first.values())
