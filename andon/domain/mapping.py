"""Reading what a foreign sender sent as a detection, by the mapping of its source.

Nothing in a foreign report is fatal: what can't be used is noted and stays in the original.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from andon.domain.conditions import MAX_COUNT, Facts
from andon.domain.detection import DetectionReport
from andon.domain.paths import first_text, texts_at, values_at
from andon.domain.source import Source, SourceKind
from andon.domain.values import Frozen, canonical, sha256

AHEAD: Final = timedelta(minutes=5)
"""How far a sender's clock may run ahead of ours."""
LONGEST_TITLE: Final = 200
LONGEST_DESCRIPTION: Final = 8000
LONGEST_NAME: Final = 64
MOST_TRACES: Final = 50
LONG_AGO: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""Senders write the year 1, or 1970, for a time they don't know."""

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")


class Read(Frozen):
    """A foreign report as a detection, and what of it could not be used."""

    report: DetectionReport
    notes: tuple[str, ...] = ()


def read_report(source: Source, body: Mapping[str, Any], received_at: datetime, *, by: str = "") -> Read:
    """Return what a body says, by the mapping of its source.

    Args:
        source: of any kind but native.
        body: JSON as it was sent, an object.
        received_at: when; times that lie more than five minutes ahead of it are not used.
        by: whose the dedupe keys are, where each sender has keys of its own.
    """
    return _Reading(source, body, received_at).read(by)


def reports_in(kind: SourceKind, body: Any) -> list[dict[str, Any]]:
    """Return the single reports of what a sender sends at a time; what is no report is left out."""
    if isinstance(body, list):
        return [one for one in body if isinstance(one, dict)]
    if not isinstance(body, dict):
        return []
    alerts = body.get("alerts")
    if kind is SourceKind.ALERTMANAGER and isinstance(alerts, list):
        group = {name: value for name, value in body.items() if name != "alerts"}
        return [{**one, "group": group} for one in alerts if isinstance(one, dict)]
    return [body]


def dedupe_key(source: Source, body: Mapping[str, Any], by: str = "") -> str | None:
    """Return the key by which reports of one thing are known; None: no field of it is there."""
    parts = [texts_at(body, path) for path in source.dedupe]
    if not any(parts):
        return None
    return f"{source.id}:{sha256(canonical([by, *parts]))}"


class _Reading:
    def __init__(self, source: Source, body: Mapping[str, Any], received_at: datetime) -> None:
        self._source = source
        self._body = body
        self._received_at = received_at
        self._notes: list[str] = []

    def read(self, by: str) -> Read:
        source, body = self._source, self._body
        fired = source.fired(body)
        types = [rule.type for rule in fired if rule.type] + [source.type]
        triggers = [rule.trigger for rule in fired if rule.trigger] + [source.trigger]
        report = DetectionReport(
            system=self._system(),
            channel=source.channel,
            title=_cut(first_text(body, source.title), LONGEST_TITLE) or source.name or source.id,
            description=self._description(),
            dedupe_key=dedupe_key(source, body, by),
            occurred_at=self._time("occurred", source.occurred),
            detected_at=self._time("detected", source.detected),
            severity=self._severity(),
            type=types[0],
            trigger=triggers[0],
            categories=_once(*source.categories, *(one for rule in fired for one in rule.categories)),
            tags=_once(*source.tags, *(one for rule in fired for one in rule.tags)),
            facts=self._facts(),
            potential_facts=_merged(rule.potential for rule in fired),
            trace_ids=self._trace_ids(),
        )
        return Read(report=report, notes=tuple(self._notes))

    def _system(self) -> str:
        where = self._source.system
        assert where is not None  # noqa: S101 - only a native source has none
        if where.fixed is not None:
            return where.fixed
        named = first_text(self._body, where.paths)
        if not named:
            self._notes.append(f"system: no field names it; taken as {where.otherwise}")
            return where.otherwise
        return _cut(where.names.get(named, named), LONGEST_NAME)

    def _description(self) -> str:
        lines = [text for path in self._source.description for text in texts_at(self._body, path)]
        return _cut("\n".join(lines), LONGEST_DESCRIPTION)

    def _severity(self) -> str | None:
        where = self._source.severity
        word = first_text(self._body, where.paths) if where else ""
        if where is None or not word:
            return None
        folded = {known.casefold(): ours for known, ours in where.words.items()}
        ours = folded.get(word.casefold())
        if ours is None:
            self._notes.append(f"severity: {word[:40]!r} is not mapped; none is asserted")
        return ours

    def _time(self, name: str, paths: tuple[str, ...]) -> datetime | None:
        for path in paths:
            for value in values_at(self._body, path):
                moment = _moment(value)
                if moment is None:
                    self._notes.append(f"{name}: {str(value)[:40]!r} is no time with a zone; not used")
                elif moment > self._received_at + AHEAD:
                    self._notes.append(f"{name}: {moment.isoformat()} lies ahead; not used")
                elif moment > LONG_AGO:
                    return moment
        return None

    def _trace_ids(self) -> tuple[str, ...]:
        found = []
        for path in self._source.trace_ids:
            for text in texts_at(self._body, path):
                one = text.replace("-", "").lower()
                if _TRACE_ID.fullmatch(one):
                    found.append(one)
                else:
                    self._notes.append("trace_ids: what stands there is no W3C trace id; not used")
        return _once(*found)[:MOST_TRACES]

    def _facts(self) -> Facts:
        facts = _merged(rule.then for rule in self._source.fired(self._body))
        for name, path in self._source.counts.items():
            for value in values_at(self._body, path):
                number = _count(value)
                if number is None:
                    self._notes.append(f"{name}: {str(value)[:40]!r} is no whole number; not used")
                else:
                    facts[name] = number
        return facts


def _merged(parts: Any) -> Facts:
    """Put facts together; of two values for one the first counts, as rules are read from above."""
    merged: Facts = {}
    for part in parts:
        for name, value in part.items():
            merged.setdefault(name, value)
    return merged


def _once(*values: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _count(value: object) -> int | None:
    text = str(value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None
    return number if number is not None and number <= MAX_COUNT else None


def _moment(value: object) -> datetime | None:
    """Read ISO 8601 with a zone; anything else is no time, and no zone is guessed."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
