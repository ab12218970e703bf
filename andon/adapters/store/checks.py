"""One check of the object store: what must happen, what did, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError


@dataclass(frozen=True)
class Check:
    """One thing the store must do, and what it did."""

    name: str
    passed: bool
    expected: str
    seen: str
    milliseconds: float


def status_of(error: ClientError) -> int:
    """Return the HTTP status of a refusal."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def passing(error: BotoCoreError | ClientError) -> bool:
    """Whether `error` may go away by itself: no connection, no answer in time, or a fault of the server."""
    return not isinstance(error, ClientError) or status_of(error) >= 500


def refused(name: str, status: int, attempt: Callable[[], object]) -> Check:
    """Try what must not happen; only a refusal with this HTTP `status` passes.

    Raises:
        ClientError: a fault of the server, which is neither.
    """
    began = time.monotonic()
    try:
        attempt()
    except ClientError as error:
        if passing(error):
            raise
        seen, passed = f"refused with {status_of(error)}", status_of(error) == status
    else:
        seen, passed = "done", False
    return Check(name, passed, f"refused with {status}", seen, milliseconds(began))


def shown(name: str, expected: str, look: Callable[[], str]) -> Check:
    """Look at what is, and hold it against what must be; a refusal is what was seen.

    Raises:
        ClientError: a fault of the server, which is neither.
    """
    began = time.monotonic()
    try:
        seen = look()
    except ClientError as error:
        if passing(error):
            raise
        seen = f"refused with {status_of(error)}"
    return Check(name, expected == seen, expected, seen, milliseconds(began))


def milliseconds(began: float) -> float:
    """Return the time since `began`, a reading of the monotonic clock."""
    return round((time.monotonic() - began) * 1000, 1)
