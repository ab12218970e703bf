"""What holds for every trace store that gives spans page by page: each page names the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from andon.adapters.sources.kinds import SourceMeans
from andon.adapters.sources.trace_store import SPANS_AT_ONCE, Fetched, StoreAddress, newest
from andon.domain.errands import EvidenceQuery
from andon.domain.system import SourceEntry
from andon.domain.trace import SPANS_AT_MOST, Span


@dataclass(frozen=True, slots=True)
class Pages:
    """How a vendor is asked for spans, and how it answers."""

    path: str
    trace: str
    """Parameter that names one trace."""
    window: tuple[str, str]
    """Parameters between which times it looks."""
    span: Callable[[Mapping[str, Any]], Span]
    following: Callable[[Mapping[str, Any]], Any]
    """Returns the cursor of the next page from an answer."""
    refused: str
    """What is said of an answer that is not in the vendor's form."""
    always: Mapping[str, str] = field(default_factory=dict)


class PagedStore:
    """Asks for spans, page by page."""

    def __init__(self, entry: SourceEntry, means: SourceMeans, pages: Pages) -> None:
        self._at = StoreAddress(entry, means)
        self._pages = pages

    async def traces(self, query: EvidenceQuery) -> AsyncIterator[Fetched]:
        """Yield the traces that the query names, or the newest of its window."""
        since, until = self._pages.window
        window = {since: query.since.isoformat(), until: query.until.isoformat()}
        for parameters in [{self._pages.trace: one} for one in query.trace_ids] or [window]:
            fetched = await self._spans(parameters)
            kept = fetched.spans if query.trace_ids else newest(fetched.spans)
            if kept:
                yield Fetched(kept, fetched.origin, fetched.skew_ms)

    async def _spans(self, parameters: Mapping[str, str]) -> Fetched:
        pages, spans = self._pages, list[Span]()
        cursor, skew = "", None
        while len(spans) < SPANS_AT_MOST:
            asked = {**parameters, **pages.always, **({"cursor": cursor} if cursor else {})}
            page = await self._at.asking.get(self._at.url(pages.path, **asked, limit=SPANS_AT_ONCE))
            skew = page.skew_ms
            answer = page.read(self._at.source)
            try:
                spans += [pages.span(one) for one in answer["data"]]
                following = str(pages.following(answer) or "")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise self._at.refused(pages.refused) from error
            if not following or following == cursor:
                break
            cursor = following
        return Fetched(spans, self._at.url(pages.path, **parameters), skew)
