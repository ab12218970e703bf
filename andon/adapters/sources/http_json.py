"""Evidence from any service that answers GET with JSON, page by page; each page is kept as it came."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from andon.adapters.options import Option
from andon.adapters.places import place_of
from andon.adapters.sources.asking import Asking, Page
from andon.adapters.sources.kinds import ANY, SourceKind, SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.source_times import read_time, zone_of
from andon.domain.system import SourceEntry
from andon.ports import Captured

JSON: Final = "application/json"
ERRORS: Final = ("error", "errors")
"""Fields by which answers say that they are none, whatever their status."""
OPTIONS: Final = {
    "url": Option("what is asked; `{system}`, `{since}`, `{until}` and `{trace}` are filled in", needed=True),
    "secret": Option("name of a secret, sent as bearer token; one with a colon as name and password"),
    "header": Option("header that carries the secret instead"),
    "items": Option("where the records are in the answer, as `data.items`; nothing: the answer is the list"),
    "time": Option("field of a record that holds its time, as `at`"),
    "zone": Option("IANA zone of times that name none; without it they are refused"),
    "times": Option("how `{since}` and `{until}` are written: `iso` (default), `epoch`, `epoch_ms`"),
    "next": Option(
        "where an answer names the next page: a field, as `meta.cursor`, or `link` for the header"
    ),
    "next_parameter": Option("query parameter that takes what `next` names; needed unless that is `link`"),
}

_PLACE: Final = re.compile(r"\{([a-z]+)\}")
_PLACES: Final = frozenset({"system", "since", "until", "trace"})
_LINK_NEXT: Final = re.compile(r"<([^<>]*)>\s*;[^,<]*\brel\s*=\s*\"?next\"?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading is: which of the first addresses, which page from there, and its address."""

    start: int
    page: int
    address: str

    def then(self, address: str) -> _Place:
        """Return the next page, or the place before the next first address."""
        if address:
            return _Place(self.start, self.page + 1, address)
        return _Place(self.start + 1, 1, "")


class HttpJsonSource:
    """Asks page by page; a page without records ends it and is not kept."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._kind = entry.supplies[0]
        self._options = entry.options
        self._zone = zone_of(entry.options.get("zone", ""))
        self._asking = Asking(entry, means)

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield each page with records."""
        async for page in self.collect_after(query, ""):
            yield page

    async def collect_after(self, query: EvidenceQuery, cursor: str) -> AsyncIterator[Captured | Gap]:
        """Go on with the page that a cursor names."""
        starts = _addresses(self._options, query)
        begun = _Place(*json.loads(cursor)) if cursor else _Place(0, 1, "")
        for number in range(begun.start, len(starts)):
            here = begun if begun.address and number == begun.start else _Place(number, 1, starts[number])
            while here.address:
                answer = await self._asking.get(here.address)
                told = answer.read(self.name)
                records = self._records(told)
                if records:
                    following = here.then(self._following(answer, here.address))
                    yield self._captured(answer, records, here, following)
                if _is_error(told):
                    raise SourceError(self.name, GapReason.REFUSED, "an answer that says it is an error")
                if not records:
                    break
                here = following

    def _records(self, told: Any) -> list[Any]:
        """Return the records of an answer; one that lacks its list is not an empty one."""
        if isinstance(told, dict) and "items" not in self._options:
            return [told] if told and not _is_error(told) else []
        found = _at(told, self._options.get("items", ""))
        if isinstance(found, list):
            return found
        if _is_error(told):
            return []
        raise SourceError(self.name, GapReason.REFUSED, "no list of records where option items says")

    def _captured(self, answer: Page, records: list[Any], here: _Place, following: _Place) -> Captured:
        return Captured(
            kind=self._kind,
            content=answer.body,
            content_type=JSON,
            name=f"{here.start + 1}/{here.page:04d}",
            source_at=self._time_of(records[0]),
            skew_ms=answer.skew_ms,
            origin=answer.url,
            cursor=json.dumps(astuple(following)),
        )

    def _time_of(self, record: Any) -> datetime | None:
        field = self._options.get("time")
        if field is None:
            return None
        told = _at(record, field)
        try:
            if isinstance(told, str):
                return read_time(told, self._zone)
        except InvalidInputError as error:
            raise SourceError(self.name, GapReason.REFUSED, f"field {field}: {error}") from error
        raise SourceError(self.name, GapReason.REFUSED, f"field {field} holds no time")

    def _following(self, answer: Page, address: str) -> str:
        """Return the address of the next page, which must be at the same place; empty: this was the last."""
        option = self._options.get("next", "")
        if option == "link":
            found = _LINK_NEXT.search(answer.headers.get("link", ""))
            return self._same_place(str(httpx.URL(address).join(found[1])), address) if found else ""
        if not option:
            return ""
        token = _at(answer.read(self.name), option)
        if token is None or token in ("", False):
            return ""
        parameter = self._options["next_parameter"]
        following = str(httpx.URL(address).copy_set_param(parameter, str(token)))
        if following == address:
            raise SourceError(self.name, GapReason.REFUSED, "the next page is this one again")
        return following

    def _same_place(self, following: str, address: str) -> str:
        if urlsplit(following)[:2] != urlsplit(address)[:2]:
            raise SourceError(self.name, GapReason.REFUSED, "the next page is at another place")
        if following == address:
            raise SourceError(self.name, GapReason.REFUSED, "the next page is this one again")
        return following


def _is_error(told: Any) -> bool:
    return isinstance(told, dict) and any(told.get(one) for one in ERRORS)


def _addresses(options: dict[str, str], query: EvidenceQuery) -> list[str]:
    """Return what to ask first: one address, or one for each trace if they are named one by one."""
    form = options.get("times", "iso")
    known = {"system": query.system, "since": _told(query.since, form), "until": _told(query.until, form)}
    if "{trace}" not in options["url"]:
        return [_filled(options["url"], known)]
    return [_filled(options["url"], {**known, "trace": trace}) for trace in query.trace_ids]


def _filled(template: str, known: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: quote(known[place[1]], safe=""), template)


def _told(at: datetime, form: str) -> str:
    if form == "iso":
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(int(at.timestamp() * (1000 if form == "epoch_ms" else 1)))


def _at(value: Any, path: str) -> Any:
    """Return what a dotted path leads to; None: nothing is there."""
    for name in path.split(".") if path else ():
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def check(entry: SourceEntry) -> None:
    """Refuse options that can't be used."""
    options = entry.options
    authority = options["url"].partition("://")[2].partition("/")[0].partition("?")[0]
    unknown = sorted(set(_PLACE.findall(options["url"])) - _PLACES)
    if "{" in authority:
        raise InvalidInputError(f"source {entry.id}: the host of url can't be filled in")
    if unknown:
        raise InvalidInputError(
            f"source {entry.id}: url knows no {{{unknown[0]}}}; it knows: {', '.join(sorted(_PLACES))}"
        )
    place_of(_PLACE.sub("x", options["url"]))
    if options.get("times", "iso") not in {"iso", "epoch", "epoch_ms"}:
        raise InvalidInputError(f"source {entry.id}: option times is iso, epoch or epoch_ms")
    if options.get("next", "link") != "link" and not options.get("next_parameter"):
        raise InvalidInputError(f"source {entry.id}: option next needs next_parameter")
    zone_of(options.get("zone", ""))


def count(entry: SourceEntry, told: Any) -> int:
    """Return how many records a page holds: those of its list, or itself."""
    found = _at(told, entry.options.get("items", "")) if "items" in entry.options else told
    return len(found) if isinstance(found, list) else 1


KIND: Final = SourceKind(
    name="http_json",
    version="1",
    options=OPTIONS,
    supplies=ANY,
    build=HttpJsonSource,
    check=check,
    count=count,
)
