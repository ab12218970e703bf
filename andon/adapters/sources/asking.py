"""Asking a source over HTTP: by checked addresses only, within bounds, and every refusal with its reason."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from andon.adapters.places import place_of
from andon.adapters.sources.kinds import SourceMeans
from andon.domain.errors import SourceError
from andon.domain.evidence import GapReason
from andon.domain.source_times import skew_ms
from andon.domain.system import SourceEntry

MOST_BYTES: Final = 8 * 1024 * 1024
"""Largest answer, and so the largest item of one answer."""

PAUSES: Final = (0.2, 0.6)
"""Seconds between attempts, where the source names none."""
LONGEST_PAUSE: Final = 20.0
DATE_STEP: Final = timedelta(seconds=1)

_REASONS: Final[dict[int, GapReason]] = {
    401: GapReason.DENIED,
    403: GapReason.DENIED,
    407: GapReason.DENIED,
    404: GapReason.EMPTY,
    410: GapReason.RETENTION,
    408: GapReason.UNREACHABLE,
    429: GapReason.UNREACHABLE,
}
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Page:
    """One answer, whole."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    skew_ms: int | None

    def read(self, source: str) -> Any:
        """Return the answer as JSON.

        Raises:
            SourceError: `refused`: it is none, or not in UTF-8.
        """
        try:
            return json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            detail = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON that can be read"
            raise SourceError(source, GapReason.REFUSED, detail) from error


class Asking:
    """Calls one source's URLs, with the secret that its entry names."""

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self._source = entry.id
        self._means = means
        self._credentials = credentials(entry, means)
        self._timeout = means.settings.timeout.total_seconds()

    async def get(self, url: str) -> Page:
        """Get a URL.

        Raises:
            SourceError: with the reason for which there is no answer.
            InvalidInputError: it may not be called; the message says what to change.
        """
        return await self.ask("GET", url)

    async def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Page:
        """Ask, a few times where that may help; a redirect is not followed."""
        for pause in PAUSES:
            answer = await self._once(method, url, body)
            if isinstance(answer, Page):
                return answer
            if not answer.again:
                raise answer.error
            await asyncio.sleep(min(answer.after or pause, LONGEST_PAUSE))
        last = await self._once(method, url, body)
        if isinstance(last, Page):
            return last
        raise last.error

    async def _once(self, method: str, url: str, body: Mapping[str, Any] | None) -> Page | _Failed:
        place_of(url)
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "andon"}
        headers |= self._credentials
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        sent = self._means.now()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._means.outgoing.client() as client,
                client.stream(method, url, headers=headers, content=content) as answer,
            ):
                received = self._means.now()
                if answer.status_code != httpx.codes.OK:
                    return self._refused(answer)
                return Page(
                    url=url,
                    body=await self._whole(answer),
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    skew_ms=skew_of(answer.headers.get("date", ""), sent, received),
                )
        except (TimeoutError, httpx.TimeoutException) as error:
            return self._away("no answer in time", error)
        except httpx.HTTPError as error:
            return self._away("no whole answer", error)

    async def _whole(self, answer: httpx.Response) -> bytes:
        # What is packed could be large beyond any bound once it is opened.
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise SourceError(self._source, GapReason.REFUSED, "packed, though plain was asked for")
        content = bytearray()
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > MOST_BYTES:
                raise SourceError(
                    self._source, GapReason.REFUSED, f"an answer of more than {MOST_BYTES} bytes"
                )
        return bytes(content)

    def _refused(self, answer: httpx.Response) -> _Failed:
        status = answer.status_code
        reason = _REASONS.get(status, GapReason.UNREACHABLE if status >= 500 else GapReason.REFUSED)
        detail = (
            f"HTTP {status}, a redirect, which is not followed" if 300 <= status < 400 else f"HTTP {status}"
        )
        said = answer.headers.get("retry-after", "")
        return _Failed(
            error=SourceError(self._source, reason, detail),
            again=status in _WORTH_ANOTHER_TRY,
            after=float(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0.0,
        )

    def _away(self, detail: str, cause: Exception) -> _Failed:
        error = SourceError(self._source, GapReason.UNREACHABLE, f"{detail} ({type(cause).__name__})")
        error.__cause__ = cause
        return _Failed(error=error, again=True, after=0.0)


@dataclass(frozen=True, slots=True)
class _Failed:
    error: SourceError
    again: bool
    after: float
    """Seconds that the source asks to be left alone."""


def credentials(entry: SourceEntry, means: SourceMeans) -> dict[str, str]:
    """Return the header with the secret that option `secret` names; one with a colon is name and password.

    Raises:
        SourceError: `not_configured`: the secret is not in the settings.
    """
    if "secret" not in entry.options:
        return {}
    secret = means.secret(entry, "secret").get_secret_value()
    if entry.options.get("header"):
        return {entry.options["header"].lower(): secret}
    if ":" in secret:
        return {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    return {"authorization": f"Bearer {secret}"}


def skew_of(date: str, sent: datetime, received: datetime) -> int | None:
    """Return by how much a server's `Date` is ahead of our clock; None: it said nothing that can be read."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    if theirs.tzinfo is None:
        return None
    return skew_ms(theirs.astimezone(UTC), sent, received, DATE_STEP)
