"""Sending an incident's failing input again, to the staging copy that the AI system's file names.

What comes back is evidence: the answer, the versions that gave it, and when. It never goes to production: a
file whose copy has an address of production's is refused when it is read, and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import httpx

from andon.adapters.clock import utc_now
from andon.adapters.evaluators.kinds import TrialMeans
from andon.adapters.evaluators.logs import EvaluationPlaces, Origin, keep
from andon.adapters.evaluators.own_case import own_case
from andon.adapters.places import place_of
from andon.adapters.sources.versions import WHOLE
from andon.adapters.store.packs import open_item
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.staging import Reproduction, ReproductionCall, Staging
from andon.domain.values import Sha256Hex, canonical, digest_of

SOURCE: Final = "staging"
COLLECTOR: Final = "staging/1"
MOST_BYTES: Final = 1024 * 1024
WITHIN: Final = 30.0
"""Seconds for one answer: that of an AI system takes longer than a lever's."""

_PLACE: Final = re.compile(r"\{(incident|text|attributes\.[^{}\s]{1,128})\}")


class _NoAnswerError(Exception):
    """No whole answer came; its text is a code."""


class StagingCopies:
    """Reproduces incidents; one call each, and none is repeated by itself."""

    def __init__(
        self, places: EvaluationPlaces, means: TrialMeans, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._places = places
        self._means = means
        self._now = now

    async def reproduce(self, call: ReproductionCall) -> Reproduction:
        """Send the input, and keep what came back.

        Raises:
            EvaluationError: the file names no copy, a secret is missing, or no evidence holds the input.
        """
        staging = await self._staging(call)
        line = await own_case(self._places, call.incident)
        if line is None:
            raise EvaluationError(f"no evidence of {call.incident} holds the input that went wrong")
        asked_at, began = self._now(), time.monotonic()
        told = await self._told(staging, sent(staging, json.loads(line)))
        seconds = round(time.monotonic() - began, 3)
        whole = {
            **told,
            "incident": call.incident,
            "asked_by": call.asked_by,
            "asked_at": f"{asked_at:%FT%TZ}",
        }
        origin = Origin(SOURCE, COLLECTOR, digest_of(call), call.id)
        content = json.dumps(whole, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
        (item,) = await keep(self._places, call.incident, origin, {"reproduction.json": content}, asked_at)
        versions = digest_of(told["versions"]) if told["versions"] else None
        return Reproduction(
            id=call.id,
            status=told["status"],
            versions=versions,
            as_then=await self._as_then(call, versions),
            seconds=seconds,
            item=item.sha256,
            problem=told["problem"],
        )

    async def _told(self, staging: Staging, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the copy, and return everything that was sent and said."""
        headers = self._headers(staging)
        told: dict[str, Any] = {"sent": body, "url": str(staging.url), "status": None, "problem": ""}
        versions = await self._versions(staging, headers)
        try:
            told["status"], told["answer"] = await self._asked(str(staging.url), headers, body)
        except _NoAnswerError as error:
            told["problem"] = str(error)
        # An answer counts for versions that stood before it and after it.
        steady = versions == await self._versions(staging, headers)
        return {**told, "versions": versions if steady else None}

    async def _staging(self, call: ReproductionCall) -> Staging:
        system = await asyncio.to_thread(self._places.systems.system, call.system)
        if system is None or system.staging is None:
            raise EvaluationError(f"the file of {call.system} names no staging copy")
        return system.staging

    def _headers(self, staging: Staging) -> dict[str, str]:
        headers = {}
        for header, name in staging.headers.items():
            secret = self._means.settings.secrets.get(name)
            if secret is None:
                raise EvaluationError(
                    f"header {header} names {name!r}: put it into the settings under trials.secrets"
                )
            headers[header] = secret.get_secret_value()
        return headers

    async def _versions(self, staging: Staging, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Return what the copy says of its versions; None: it does not say it in a form that counts."""
        try:
            status, answer = await self._asked(str(staging.versions_url), headers, None)
            if status != httpx.codes.OK or not isinstance(answer, dict) or not answer:
                return None
            canonical(answer)
        except (_NoAnswerError, ValueError):
            return None
        return answer

    async def _asked(
        self, url: str, headers: Mapping[str, str], body: dict[str, Any] | None
    ) -> tuple[int, Any]:
        """Call a URL once, and return the status with the answer, as JSON if it is that."""
        method = "GET" if body is None else "POST"
        try:
            async with asyncio.timeout(WITHIN), self._means.outgoing.client() as client:
                place_of(url)
                every = {"accept-encoding": "identity", "user-agent": "andon", **headers}
                async with client.stream(method, url, headers=every, json=body) as answer:
                    content = await _bounded(answer)
                    return answer.status_code, _read(content)
        except InvalidInputError as error:
            raise EvaluationError(str(error)) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise _NoAnswerError("timeout") from error
        except httpx.HTTPError as error:
            raise _NoAnswerError("unreachable") from error

    async def _as_then(self, call: ReproductionCall, versions: Sha256Hex | None) -> bool | None:
        items = await asyncio.to_thread(self._places.evidence.items, call.incident, WHOLE)
        then = min(items, key=lambda item: item.captured_at, default=None)
        if then is None or versions is None:
            return None
        held = await open_item(self._places.store, self._places.vault, call.incident, then)
        return digest_of(json.loads(held)) == versions


def sent(staging: Staging, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent: the case as suites get it, or the members that the file names."""
    if not staging.body:
        return dict(case)
    known = {
        "incident": str(case["incident"]),
        "text": _text(case["input"]),
        **{f"attributes.{name}": str(value) for name, value in case["attributes"].items()},
    }
    return {
        name: _PLACE.sub(lambda place: known.get(place[1], ""), form) for name, form in staging.body.items()
    }


def _text(said: object) -> str:
    """Return what the user said, of messages after the GenAI conventions or of anything else."""
    if isinstance(said, str):
        return said
    words = [
        str(part.get("content", ""))
        for message in (said if isinstance(said, list) else [])
        if isinstance(message, dict) and message.get("role") == "user"
        for part in message.get("parts") or []
        if isinstance(part, dict) and part.get("type") == "text"
    ]
    return "\n".join(words) if words else json.dumps(said, ensure_ascii=False)


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


async def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > MOST_BYTES:
            raise _NoAnswerError("too_large")
    return bytes(content)
