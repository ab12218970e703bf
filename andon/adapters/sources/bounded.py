"""What holds for every source that a file names: window, bounds, gaps, and a record of what it gave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

from andon.adapters.sources.kinds import SourceMeans, rows_of
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.system import SourceEntry
from andon.ports import Captured, EvidenceSource, ResumableSource

JSON: Final = "application/json"
RECORD: Final = "source_record"
"""Kind of the item that says what was asked and where each item lay."""

ITEMS_PER_RECORD: Final = 250
BYTES_PER_RECORD: Final = 32 * 1024 * 1024
PART_BYTES: Final = 8 * 1024 * 1024
"""Most that one item holds, so that a snapshot never has a large one whole in memory."""


@dataclass(slots=True)
class _Tally:
    """What was taken so far, over all attempts; carried in the cursor."""

    items: int = 0
    bytes: int = 0
    seconds: float = 0.0
    records: int = 0
    found: set[str] = field(default_factory=set)
    inner: str = ""

    @classmethod
    def read(cls, cursor: str) -> _Tally:
        """Read a cursor; one that another release wrote begins anew."""
        try:
            told = json.loads(cursor) if cursor else {}
            return cls(**{**told, "found": set(told.get("found", ()))})
        except (ValueError, TypeError):
            return cls()

    def written(self) -> str:
        plain = {name: getattr(self, name) for name in ("items", "bytes", "seconds", "records", "inner")}
        return json.dumps({**plain, "found": sorted(self.found)})


@dataclass(frozen=True, slots=True)
class _Ended:
    """How reading ended; `EMPTY`: there was no more."""

    reason: GapReason = GapReason.EMPTY
    detail: str = ""


class _CutOffError(Exception):
    """A bound was reached; the text says which."""


class BoundedSource:
    """A source as its entry wants it; whatever goes wrong ends as gaps in the rows it supplies."""

    def __init__(self, entry: SourceEntry, version: str, inner: EvidenceSource, means: SourceMeans) -> None:
        self.name = entry.id
        self.version = f"{entry.kind}-{version}"
        self.supplies = frozenset(entry.supplies)
        self._entry = entry
        self._inner = inner
        self._rows = rows_of(means.rows, entry.supplies)
        self._now = means.now

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield items, records of them, and a gap for each row that got none or was cut off."""
        async with aclosing(cast("Any", self.collect_after(query, ""))) as found:
            async for one in found:
                yield one

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on behind a record; what was counted before it counts on."""
        tally = _Tally.read(cursor)
        asked = self._window(query)
        lain: list[dict[str, Any]] = []
        named: set[str] = set()
        ended, since = self._kept_since(asked), tally.bytes
        async for one in self._taken(asked, tally):
            if isinstance(one, _Ended):
                ended = one
                continue
            if isinstance(one, Gap):
                named.add(one.row)
                yield one
                continue
            lain.append({"kind": one.kind, "name": one.name, "origin": one.origin})
            yield one.model_copy(update={"cursor": ""})
            if len(lain) >= ITEMS_PER_RECORD or tally.bytes - since >= BYTES_PER_RECORD:
                yield self._record(asked, tally, lain)
                lain, since = [], tally.bytes
        if lain:
            yield self._record(asked, tally, lain)
        for gap in self._gaps(tally.found, named, ended):
            yield gap

    async def _taken(self, query: EvidenceQuery, tally: _Tally) -> AsyncIterator[Captured | Gap | _Ended]:
        """Yield what the source has, and what broke it off, if something did."""
        try:
            async with aclosing(cast("Any", self._within(query, tally))) as found:
                async for one in found:
                    yield one
        except SourceError as error:
            yield _Ended(GapReason(error.reason), error.detail)
        except InvalidInputError as error:
            yield _Ended(GapReason.NOT_CONFIGURED, str(error))
        except _CutOffError as error:
            yield _Ended(GapReason.LATE, str(error))

    def _kept_since(self, query: EvidenceQuery) -> _Ended:
        """Return how it ends if nothing breaks it off: the place may have dropped the window's beginning."""
        days = self._entry.keeps_days
        if days is None or query.since >= self._now() - timedelta(days=days):
            return _Ended()
        return _Ended(GapReason.RETENTION, f"it keeps {days} days, and the window begins before")

    def _window(self, query: EvidenceQuery) -> EvidenceQuery:
        back = self._entry.look_back_minutes
        if back is None:
            return query
        return query.model_copy(update={"since": query.until - timedelta(minutes=back)})

    async def _within(self, query: EvidenceQuery, tally: _Tally) -> AsyncIterator[Captured | Gap]:
        """Yield what the source has until a bound is reached; time that the taker needs does not count."""
        clock, entry = asyncio.get_running_loop().time, self._entry
        if tally.inner and isinstance(self._inner, ResumableSource):
            source = self._inner.collect_after(query, tally.inner)
        else:
            source = self._inner.collect(query)
        async with aclosing(cast("Any", source)) as found:
            while True:
                began = clock()
                try:
                    async with asyncio.timeout(max(0.0, entry.within_seconds - tally.seconds)):
                        one: Captured | Gap | None = await anext(found, None)
                except TimeoutError as error:
                    raise _CutOffError(f"cut off after {entry.within_seconds} seconds") from error
                tally.seconds += clock() - began
                if one is None:
                    return
                if isinstance(one, Captured):
                    self._count(one, tally)
                yield one

    def _count(self, one: Captured, tally: _Tally) -> None:
        if tally.items >= self._entry.most_items:
            raise _CutOffError(f"cut off after {self._entry.most_items} items")
        if tally.bytes + len(one.content) > self._entry.most_bytes:
            raise _CutOffError(f"cut off after {self._entry.most_bytes} bytes")
        tally.items += 1
        tally.bytes += len(one.content)
        tally.found.add(one.kind)
        tally.inner = one.cursor

    def _record(self, query: EvidenceQuery, tally: _Tally, lain: list[dict[str, Any]]) -> Captured:
        """Say what was asked and where each item lay; with no time of reading, so that a repeat is equal."""
        tally.records += 1
        told = {
            "source": self.name,
            "kind": self._entry.kind,
            "options": self._entry.options,
            "system": query.system,
            "since": query.since.isoformat(),
            "until": query.until.isoformat(),
            "items": lain,
        }
        return Captured(
            kind=RECORD,
            content=json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
            content_type=JSON,
            name=f"{tally.records:04d}",
            # A source that can't tell where it was begins anew, and its bounds with it.
            cursor=tally.written() if tally.inner else "",
        )

    def _gaps(self, found: set[str], named: set[str], ended: _Ended) -> Iterator[Gap]:
        """Name each row that got nothing; where reading broke off, those that got something too."""
        for row in self._rows:
            if row.id in named:
                continue
            if ended.reason is not GapReason.EMPTY or not found.intersection(row.kinds):
                yield Gap(row=row.id, reason=ended.reason, source=self.name, detail=ended.detail[:200])


class UnusableSource:
    """Stands for a source that can't be had here; each row it would supply is a gap with the reason."""

    version = "1"

    def __init__(
        self, entry: SourceEntry, rows: tuple[EvidenceRow, ...], reason: GapReason, detail: str
    ) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._gaps = [Gap(row=row.id, reason=reason, source=entry.id, detail=detail[:200]) for row in rows]

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:  # noqa: ARG002 - nothing is asked
        """Yield the gaps."""
        for gap in self._gaps:
            yield gap
