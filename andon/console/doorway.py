"""The console's way to the door: reports of people who are signed in at its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from andon.api.problems import ProblemError
from andon.api.vouching import Vouching
from andon.console.models.report import ReportTaken
from andon.console.models.stop import StopTaken
from andon.domain.directory import Role
from andon.domain.values import IncidentId, PersonId

TIMEOUT_SECONDS: Final = 10.0
PROOF_WITHIN_SECONDS: Final = 2
"""How long a page waits for proof of containment, so that it can say so at once."""
AWAY: Final = (
    "Your report was NOT taken just now: the door did not answer. Your words are still here; send them again "
    "in a moment. If it is urgent, call whoever answers for the AI system."
)
NOT_STOPPED: Final = (
    "{system} is NOT stopped: the door did not answer. Press again now. If it does not answer then, have "
    "{system} switched off by its own means, and call whoever runs Andon."
)
SPLIT_LATER: Final = (
    "It is on record that this detection is a case of its own, but the door did not answer, and no incident "
    "was opened for it yet. Send the same again with the same Idempotency-Key."
)

SETTLED_LATER: Final = "The door did not answer, so nothing was changed just now. Send it again in a moment."


class Doorway:
    """One client for the process. The door alone takes reports; the console only says whose each is."""

    def __init__(self, url: str, key: bytes, now: Callable[[], datetime]) -> None:
        self._vouching = Vouching(key, now)
        self._url = url
        self._client: httpx.AsyncClient | None = None

    async def report(self, person: PersonId, role: Role, report: dict[str, Any], key: str) -> ReportTaken:
        """Send a report in somebody's name; the same one under the same key counts once.

        Raises:
            ProblemError: it was refused, or the door is away.
        """
        headers = {"Authorization": f"Bearer {self._vouching.vouch(person, role)}", "Idempotency-Key": key}
        query = {"wait": "contained", "timeout": str(PROOF_WITHIN_SECONDS)}
        try:
            answer = await self._connected().post(
                "/v1/detections", json=report, headers=headers, params=query
            )
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ProblemError(503, "door-away", AWAY) from error
        if answer.is_success:
            try:
                return ReportTaken.model_validate_json(answer.content)
            except ValidationError as error:
                raise ProblemError(503, "door-away", AWAY) from error
        raise _refused(answer)

    async def stop(self, person: PersonId, role: Role, stop: dict[str, Any], key: str) -> StopTaken:
        """Pull the cord in somebody's name; the same stop under the same key counts once.

        Raises:
            ProblemError: nothing was stopped; it says so.
        """
        headers = {"Authorization": f"Bearer {self._vouching.vouch(person, role)}", "Idempotency-Key": key}
        query = {"wait": "contained", "timeout": str(PROOF_WITHIN_SECONDS)}
        away = NOT_STOPPED.format(system=stop["system"])
        try:
            answer = await self._connected().post("/v1/stop", json=stop, headers=headers, params=query)
            if answer.is_success:
                return StopTaken.model_validate_json(answer.content)
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol, ValidationError) as error:
            raise ProblemError(503, "not-stopped", away) from error
        raise _refused(answer, away)

    async def split(self, person: PersonId, role: Role, incident: IncidentId, detection: str) -> IncidentId:
        """Have a detection given an incident of its own, in somebody's name; return that incident.

        Raises:
            ProblemError: it was refused, or the door is away.
        """
        headers = {"Authorization": f"Bearer {self._vouching.vouch(person, role)}"}
        try:
            answer = await self._connected().post(
                f"/v1/incidents/{incident}/split", json={"detection": detection}, headers=headers
            )
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ProblemError(503, "door-away", SPLIT_LATER) from error
        if answer.is_success:
            return str(answer.json()["incident"])
        raise _refused(answer)

    async def settle(
        self, person: PersonId, role: Role, issue: str, way: Literal["promote", "close"], reason: str
    ) -> str:
        """Promote or close a quality issue in somebody's name; return what it is now.

        Raises:
            ProblemError: it was refused, or the door is away.
        """
        headers = {"Authorization": f"Bearer {self._vouching.vouch(person, role)}"}
        path = f"/v1/quality-issues/{quote(issue, safe='')}/{way}"
        try:
            answer = await self._connected().post(path, json={"reason": reason}, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ProblemError(503, "door-away", SETTLED_LATER) from error
        if answer.is_success:
            told = answer.json()
            return str(told["incident"] if way == "promote" else told["state"])
        raise _refused(answer)

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=self._url, timeout=TIMEOUT_SECONDS, trust_env=False)
        return self._client


def _refused(answer: httpx.Response, away: str = AWAY) -> ProblemError:
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ProblemError(503, "door-away", away)
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = answer.reason_phrase
    return ProblemError(answer.status_code, "not-taken", f"This was not taken: {detail}")
