"""Asking the doors of an installation for one flag: the one that answered last, then the next at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

ANSWER_BYTES: Final = 64 * 1024
REST_SECONDS: Final = 1.0
"""A door that kept us waiting in vain is asked last for so long, and of several such only one."""
REFUSALS: Final = {400: "refused", 401: "unauthorized", 403: "forbidden", 404: "no_such_flag"}
"""Answers of a door that is there and says no; another would say the same, and none is a reason to go on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door says of a flag."""

    value: bool | int
    reason: str
    variant: str
    metadata: Mapping[str, bool | int | float | str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A door is there and does not answer this question: a wrong token, or no such flag."""

    code: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No door gave an answer that can be used, and why the last one did not."""

    code: str


class _FailedError(Exception):
    """One door did not answer as agreed."""

    def __init__(self, code: str, *, slow: bool = False, stale: bool = False) -> None:
        self.code = code
        self.slow = slow
        self.stale = stale
        """Whether a connection kept open from before turned out to be dead; a new one may work."""
        super().__init__(code)


class Doors:
    """Connections to the doors of one installation; used by many threads."""

    def __init__(self, urls: Sequence[str], token: Callable[[], str], timeout: float) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._token = token
        self._timeout = timeout
        # Neither a proxy nor a .netrc file may answer in the door's place or change the token.
        self._http = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)
        self._first = 0
        self._rests: dict[int, float] = {}

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def ask(self, key: str, context: Mapping[str, Any]) -> Answer | Refused | Unreachable:
        """Return what the first door that answers says; never raises, and waits one time-out a door."""
        code = "no_door"
        for number in self._order():
            try:
                found = self._patiently(self._urls[number], key, context)
            except _FailedError as error:
                code = error.code
                if error.slow:
                    self._rests[number] = time.monotonic() + REST_SECONDS
                continue
            self._first = number
            self._rests.pop(number, None)
            return found
        return Unreachable(code)

    def _order(self) -> list[int]:
        now, count = time.monotonic(), len(self._urls)
        line = [(self._first + step) % count for step in range(count)]
        resting = sorted(
            (number for number in line if self._rests.get(number, 0.0) > now),
            key=lambda number: self._rests[number],
        )
        # One that rests is better than none: it may have been slow, and not away.
        return [*(number for number in line if number not in resting), *resting[:1]]

    def _patiently(self, url: str, key: str, context: Mapping[str, Any]) -> Answer | Refused:
        """Ask one door; once more if the connection was one that the door had closed meanwhile."""
        until = time.monotonic() + self._timeout
        try:
            return self._once(url, key, context, until)
        except _FailedError as error:
            if not error.stale:
                raise
        return self._once(url, key, context, until)

    def _once(self, url: str, key: str, context: Mapping[str, Any], until: float) -> Answer | Refused:
        address = f"{url}/ofrep/v1/evaluate/flags/{quote(key, safe='')}"
        try:
            headers = {"Authorization": f"Bearer {self._token()}"}
            patience = httpx.Timeout(max(until - time.monotonic(), 0.001))
            with self._http.stream(
                "POST", address, json={"context": context}, headers=headers, timeout=patience
            ) as answer:
                return _read(answer.status_code, self._body(answer, until))
        except httpx.TimeoutException as error:
            raise _FailedError("timeout", slow=True) from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise _FailedError("broken_off", stale=True) from error
        except _FailedError:
            raise
        except httpx.TransportError as error:
            raise _FailedError("no_connection") from error
        except Exception as error:  # a context that is no JSON, a token that can't be had: deny, never raise
            raise _FailedError("not_asked") from error

    def _body(self, answer: httpx.Response, until: float) -> bytes:
        """Read an answer that comes in time and is not too long; one that drips is cut off."""
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > ANSWER_BYTES:
                raise _FailedError("too_long")
            if time.monotonic() > until:
                raise _FailedError("timeout", slow=True)
        return body


def _read(status: int, body: bytes) -> Answer | Refused:
    if status in REFUSALS:
        return Refused(REFUSALS[status])
    if status != 200:
        raise _FailedError(f"status_{status}")
    try:
        told = json.loads(body)
        value, metadata = told["value"], told.get("metadata") or {}
        if not isinstance(value, int) or not isinstance(metadata, dict):
            raise _FailedError("no_answer")
        known = {name: one for name, one in metadata.items() if isinstance(one, bool | int | float | str)}
        return Answer(value, str(told["reason"]), str(told["variant"]), known)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _FailedError("no_answer") from error
