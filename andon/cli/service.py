"""Calls to the door and the console, with their refusals turned into words and exit codes."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from andon.cli.outcome import CommandError, Exit
from andon.cli.place import CONSOLE_VARIABLE, DOOR_VARIABLE, Place
from andon.cli.screen import inert

TIMEOUT_SECONDS: Final = 15.0
MAX_DETAIL: Final = 1_000
ATTEMPTS: Final = 3
AGAIN_SECONDS: Final = 1.0
AWAY: Final = "Is `andon up` running, and is this its address?"
NO_DOOR: Final = " While no door answers, every flag is its code default: off, where it is a permission."
"""For the person who wanted to stop an AI system at this moment."""
HINTS: Final = {
    "unknown_option": "`andon show INCIDENT` lists the options of each question.",
    "unknown_decision": "`andon show INCIDENT` lists its questions.",
    "wrong_role": "`andon show INCIDENT` says who is asked.",
    "not_for_the_asking": "`andon ask INCIDENT --as ROLE` lists what your role may ask for.",
}
"""By the code of a refusal: where the person finds what would be taken."""
QUERY: Final = re.compile(r"\bquery\.(\w+)(?:\.[\w-]+\[[^\]]*\])?")
"""How a refusal names what the command line calls an option, and which of its forms it tried."""
UNKNOWN: Final = 401
MISSING: Final = 404
CODES: Final = {
    400: Exit.BAD_INPUT,
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.BAD_INPUT,
    409: Exit.NEGATIVE,
    412: Exit.NEGATIVE,
    413: Exit.BAD_INPUT,
    415: Exit.BAD_INPUT,
    422: Exit.BAD_INPUT,
}


class Service:
    """One of Andon's servers, as one caller."""

    def __init__(self, name: str, url: str, token: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        if not token.isascii() or not token.isprintable():
            raise CommandError(
                "the access token holds what no token holds: copy it again, without line breaks",
                Exit.BAD_INPUT,
            )
        self._name = name
        self._url = url
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout_seconds, connect=5.0),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON under `path`; a query value of None is left out.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return self._sent(self._request("GET", path, params=asked))

    def post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        key: str | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Any:
        """Send `body` and return the answer; the same `key` makes a repeat count once.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        asked = {name: str(value) for name, value in (query or {}).items()}
        headers = {"Idempotency-Key": key} if key else {}
        return self._sent(self._request("POST", path, params=asked, json=body, headers=headers))

    def upload(self, file: Path, content_type: str) -> Any:
        """Send a file as evidence, read piece by piece, and return what the door calls it.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        with file.open("rb") as content:
            headers = {"Content-Type": content_type, "Content-Length": str(file.stat().st_size)}
            return self._sent(self._request("POST", "/v1/uploads", content=content, headers=headers))

    def post_once(self, path: str, body: dict[str, Any]) -> Any:
        """Send what must count once; while its fate is unknown it goes out again under the same key.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        key = secrets.token_urlsafe(24)
        for _ in range(ATTEMPTS - 1):
            try:
                return self.post(path, body, key=key)
            except CommandError as error:
                if error.code is not Exit.UNREACHABLE:
                    raise
                time.sleep(AGAIN_SECONDS)
        return self.post(path, body, key=key)

    def put(self, path: str, body: dict[str, Any], *, match: str) -> Any:
        """Put `body` in the place of what is under `path` and has the digest `match`.

        Raises:
            CommandError: the server can't be reached, or refuses: by now it may be another one.
        """
        headers = {"If-Match": f'"{match}"'}
        return self._sent(self._request("PUT", path, json=body, headers=headers))

    def delete(self, path: str) -> Any:
        """Take away what is under `path` and return the answer.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        return self._sent(self._request("DELETE", path))

    def text(self, path: str, **query: object) -> tuple[str, Mapping[str, str]]:
        """Return what stands under `path` as it is, and the headers that came with it.

        Raises:
            CommandError: the server can't be reached, or refuses.
        """
        asked = {name: str(value) for name, value in query.items() if value is not None}
        answer = self._answered(self._request("GET", path, params=asked))
        return answer.text, answer.headers

    def _request(self, method: str, path: str, **what: Any) -> httpx.Request:
        try:
            return self._client.build_request(method, path, **what)
        except httpx.InvalidURL as error:
            raise CommandError(
                f"what you gave is too long to be asked for: {error}", Exit.BAD_INPUT
            ) from error

    def _sent(self, request: httpx.Request) -> Any:
        return _read(self._answered(request), self._name)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self._client.send(request)
        except httpx.TimeoutException as error:
            raise CommandError(
                f"the {self._name} at {self._url} did not answer in time", Exit.UNREACHABLE
            ) from error
        except httpx.UnsupportedProtocol as error:
            raise CommandError(
                f"the address of the {self._name} is {self._url!r}; it should begin with http:// or https://",
                Exit.BAD_INPUT,
            ) from error
        except httpx.TransportError as error:
            raise CommandError(
                f"the {self._name} at {self._url} can't be reached: {error}. {AWAY}"
                f"{NO_DOOR if self._name == 'door' else ''}",
                Exit.UNREACHABLE,
            ) from error
        if answer.is_success:
            return answer
        code = CODES.get(answer.status_code, Exit.UNREACHABLE)
        raise CommandError(f"{_refusal(answer)} ({answer.status_code}){_next(answer)}", code)


def _next(answer: httpx.Response) -> str:
    """Return what to do about an answer that says no."""
    if answer.status_code == UNKNOWN:
        return (
            ": the access token is wrong, expired or revoked. Make another with `andon tokens create`, or, "
            f"if `andon up` runs here, unset {CONSOLE_VARIABLE} and {DOOR_VARIABLE}"
        )
    if answer.status_code == MISSING and "no incident " in answer.text:
        return ": `andon list --state all` lists what there is"
    return ""


def console(place: Place) -> Service:
    """Return the console, where people read and decide."""
    return Service("console", _named(place.console, CONSOLE_VARIABLE), place.token)


def door(place: Place, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Service:
    """Return the door, which takes detections and stops."""
    return Service("door", _named(place.door, DOOR_VARIABLE), place.token, timeout_seconds=timeout_seconds)


def _named(url: str, variable: str) -> str:
    if not url:
        raise CommandError(f"set {variable}, or give --ready-file FILE", Exit.BAD_INPUT)
    return url


def _read(answer: httpx.Response, name: str) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise CommandError(f"the {name} did not answer with JSON", Exit.UNREACHABLE) from error


def _refusal(answer: httpx.Response) -> str:
    """Return what a problem document says, or the bare status."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return f"refused: {answer.reason_phrase}"
    said = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    parts = [QUERY.sub(lambda found: f"--{found[1].replace('_', '-')}", said)]
    if code := problem.get("refusal"):
        parts.insert(0, f"refused: {code}:")
        parts += [HINTS[code]] if code in HINTS else []
    return inert(" ".join(parts)[:MAX_DETAIL])
