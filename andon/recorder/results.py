"""Evaluation results in traces: those that a source wants become detections at the door.

A result is the event `gen_ai.evaluation.result` of the OpenTelemetry GenAI conventions, within a span or as
a log record. It is kept in one transaction with what it came in, and stays until the door has taken it: a
crash loses none, and one that is sent twice has the same id.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from andon.bootstrap import load_shelf
from andon.config import PolicySettings, Settings
from andon.domain.errors import InvalidInputError
from andon.domain.source import Source, SourceKind
from andon.register.log_records import LogRow
from andon.register.results import FoundResult, Results
from andon.register.spans import SpanRow
from playbooks.senders import source_files

logger = logging.getLogger(__name__)

EVENT: Final = "gen_ai.evaluation.result"
LOOK_EVERY: Final = timedelta(seconds=5)
SEND_EVERY: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = 30.0
AT_ONCE: Final = 50
MOST_A_SPAN: Final = 50
LATER: Final = frozenset({401, 403, 404, 408, 425, 429})
"""Refusals that pass once somebody has put something right; any other below 500 never will."""


class WantedResults:
    """What the sources in force want of a span, by their files as they are now."""

    def __init__(self, files: PolicySettings) -> None:
        self._files = files
        self._stamp: tuple[tuple[str, int], ...] | None = None
        self._sources: tuple[Source, ...] = ()
        self.look()

    def look(self) -> None:
        """Read the files again if one has changed; while one can't be used, what was in force stays."""
        try:
            stamp = tuple(
                (str(path), path.stat().st_mtime_ns) for path in source_files(self._files.playbooks)
            )
            if stamp == self._stamp:
                return
            found = load_shelf(self._files).sources.values()
        except (InvalidInputError, OSError):
            logger.exception("changed source files can't be used: what was in force stays")
            return
        self._stamp = stamp
        self._sources = tuple(one for one in found if one.kind is SourceKind.OTEL_EVALUATION)

    def among(self, spans: Iterable[SpanRow]) -> list[FoundResult]:
        """Return the results that a source wants; the first that wants one has it."""
        return [found for span in spans for found in self._of(span)]

    def _of(self, span: SpanRow) -> Iterator[FoundResult]:
        if EVENT.encode() not in span.attributes:
            return
        attributes = json.loads(span.attributes)
        events = [one for one in attributes.get("otel.events", []) if one.get("name") == EVENT]
        for number, event in enumerate(events[:MOST_A_SPAN]):
            yield from self._wanted(_result(span, attributes, event, number), span.received_at)

    def among_logs(self, records: Iterable[LogRow]) -> list[FoundResult]:
        """Return the results among log records that a source wants."""
        told = (one for one in records if one.name == EVENT)
        return [found for one in told for found in self._wanted(_result_of_log(one), one.received_at)]

    def _wanted(self, result: dict[str, Any], at: datetime) -> Iterator[FoundResult]:
        source = next((one for one in self._sources if one.wants(result)), None)
        if source is not None:
            yield FoundResult(result["id"], source.id, json.dumps(result, ensure_ascii=False).encode(), at)


class ResultPost:
    """Hands results to the door with the recorder's own token."""

    def __init__(self, results: Results, settings: Settings) -> None:
        self._results = results
        self._url = settings.door.url
        self._token = settings.recorder.door_token.get_secret_value()
        self._pause = SEND_EVERY.total_seconds()

    @property
    def can_send(self) -> bool:
        """Whether there is a door and a token for it."""
        return bool(self._url and self._token)

    async def keep_sending(self) -> None:
        """Send what waits, for ever; the longer nobody takes it, the more seldom."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(
            base_url=self._url, headers=headers, timeout=10, trust_env=False
        ) as door:
            while True:
                await asyncio.sleep(self._pause)
                try:
                    taken = await self._send(door)
                except Exception:  # what waits is kept, and the next round tries again
                    logger.exception("evaluation results could not be handed to the door")
                    taken = False
                self._pause = SEND_EVERY.total_seconds() if taken else min(2 * self._pause, LONGEST_PAUSE)

    async def _send(self, door: httpx.AsyncClient) -> bool:
        for one in await asyncio.to_thread(self._results.untold, AT_ONCE):
            try:
                answer = await door.post(
                    "/v1/evaluation-results", params={"source": one.source}, content=one.body
                )
            except httpx.TransportError as error:
                logger.warning("the door is out of reach: %s", type(error).__name__)
                return False
            if answer.status_code >= 500 or answer.status_code in LATER:
                logger.warning("the door takes no evaluation results now: %d", answer.status_code)
                return False
            outcome = answer.json()["outcome"] if answer.is_success else f"refused_{answer.status_code}"
            if not answer.is_success:
                logger.error("the door refused an evaluation result: %s", outcome)
            await asyncio.to_thread(self._results.settle, one.id, outcome, datetime.now(UTC))
        return True


def _result(span: SpanRow, attributes: dict[str, Any], event: dict[str, Any], number: int) -> dict[str, Any]:
    named = f"{span.trace_id}/{span.span_id}/{number}"
    own = {name: value for name, value in attributes.items() if not name.startswith("otel.")}
    return {
        "id": hashlib.sha256(named.encode()).hexdigest(),
        "service": span.service,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "at": event.get("at"),
        "attributes": event.get("attributes", {}),
        "span": {"name": span.name, "start": span.start.isoformat(), "attributes": _short(own)},
        "resource": _short(attributes.get("otel.resource", {})),
    }


def _result_of_log(record: LogRow) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(record.content)
    return {
        "id": record.id,
        "service": record.service,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "at": record.at.isoformat(),
        "attributes": content["attributes"],
        "span": {"name": "", "start": record.at.isoformat(), "attributes": {}},
        "resource": _short(content["otel.resource"]),
    }


def _short(attributes: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is long: a prompt belongs to the trace, which the detection names."""
    return {
        name: value
        for name, value in attributes.items()
        if isinstance(value, str | int | float | bool) and len(str(value)) <= 500
    }
