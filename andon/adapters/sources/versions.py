"""What an AI system says of the versions that run: evidence, and the digest the gate compares.

Its file names the address, so it is called as those of other sources are: what is not public only if settings
name it under `sources.private_hosts`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import httpx

from andon.adapters.outgoing import Outgoing
from andon.adapters.places import place_of
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import EvidenceRow, Gap, GapReason
from andon.domain.values import Sha256Hex, Slug, canonical, digest_of
from andon.ports import Captured
from andon.register.policies import Systems

JSON: Final = "application/json"
WITHIN_SECONDS: Final = 5.0
"""Longest wait for the whole answer, unless `sources.timeout` is shorter."""
MOST_BYTES: Final = 256 * 1024
HEADERS: Final = {"accept": JSON, "accept-encoding": "identity", "user-agent": "andon"}

WHOLE: Final = "deployment_history"
KIND_OF_PART: Final[dict[str, str]] = {
    "prompt": "prompt_version",
    "model": "model_identity_and_config",
    "tools": "tool_definition",
    "index": "source_document",
    "policy": "policy_version",
}
"""Parts of the answer that are items of their own; the whole answer always is one."""

_KINDS: Final = frozenset({WHOLE, *KIND_OF_PART.values()})
_REASONS: Final[dict[int, GapReason]] = {
    401: GapReason.DENIED,
    403: GapReason.DENIED,
    404: GapReason.EMPTY,
    410: GapReason.RETENTION,
}


class VersionsEndpoint:
    """Asks the endpoint that a system's file names: a JSON object, part by part."""

    name = "versions"
    version = "1"
    supplies: frozenset[str] = _KINDS

    def __init__(self, systems: Systems, outgoing: Outgoing, rows: Sequence[EvidenceRow] = ()) -> None:
        self._systems = systems
        self._outgoing = outgoing
        self._rows = [row for row in rows if not row.later and _KINDS.intersection(row.kinds)]

    async def read(self, system: Slug) -> Sha256Hex:
        """Return the digest of the whole answer; digests that the answer holds are not believed."""
        return digest_of(await self._answer(system))

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield the answer whole and by parts, and a gap for each part's row that it lacks."""
        answer = await self._answer(query.system)
        yield _captured(WHOLE, "versions", answer)
        found = {WHOLE}
        for part, kind in KIND_OF_PART.items():
            if answer.get(part):
                found.add(kind)
                yield _captured(kind, part, {part: answer[part]})
        for row in self._rows:
            if not found.intersection(row.kinds):
                yield Gap(row=row.id, reason=GapReason.EMPTY, source=self.name)

    async def _answer(self, system: Slug) -> dict[str, Any]:
        registered = await asyncio.to_thread(self._systems.system, system)
        if registered is None or registered.evidence.versions_url is None:
            raise SourceError(self.name, GapReason.NOT_CONFIGURED, "the system's file names no versions_url")
        return await versions_at(self._outgoing, str(registered.evidence.versions_url))


async def versions_at(outgoing: Outgoing, url: str) -> dict[str, Any]:
    """Return what an endpoint says of the versions that run.

    Raises:
        SourceError: its answer is no JSON object, or there is none; `not_configured`: it may not be called,
            and the detail says what to change.
    """
    name = VersionsEndpoint.name
    try:
        place_of(url)
        async with (
            asyncio.timeout(WITHIN_SECONDS),
            outgoing.client() as client,
            client.stream("GET", url, headers=HEADERS) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                reason = _REASONS.get(answer.status_code, GapReason.REFUSED)
                raise SourceError(name, reason, f"HTTP {answer.status_code}")
            return _object(await _bounded(answer))
    except InvalidInputError as error:
        raise SourceError(name, GapReason.NOT_CONFIGURED, str(error)) from error
    except (TimeoutError, httpx.HTTPError) as error:
        raise SourceError(name, GapReason.UNREACHABLE, type(error).__name__) from error


async def _bounded(answer: httpx.Response) -> bytes:
    # What is packed could be large beyond any bound once it is opened.
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise SourceError("versions", GapReason.REFUSED, "packed, though plain was asked for")
    content = b""
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > MOST_BYTES:
            raise SourceError("versions", GapReason.REFUSED, f"more than {MOST_BYTES} bytes")
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
        if not isinstance(answer, dict):
            raise SourceError("versions", GapReason.REFUSED, "not a JSON object")
        canonical(answer)
    except (ValueError, RecursionError) as error:  # numbers beyond 2^53 have no canonical form either
        raise SourceError("versions", GapReason.REFUSED, "not JSON that can be digested") from error
    if not answer:
        raise SourceError("versions", GapReason.EMPTY, "the answer is empty")
    return answer


def _captured(kind: str, name: str, content: dict[str, Any]) -> Captured:
    return Captured(kind=kind, content=canonical(content), content_type=JSON, name=name)
