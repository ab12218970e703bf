"""One check of the object store: what must happen, what did, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from infra.embedded.store import passing, status_of


@dataclass(frozen=True)
class Check:
    """One thing the store must do, and what it did."""

    name: str
    passed: bool
    expected: str
    seen: str
    milliseconds: float


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


def equal(name: str, expected: str, seen: str, began: float) -> Check:
    """Compare what is with what must be."""
    return Check(name, expected == seen, expected, seen, milliseconds(began))


def milliseconds(began: float) -> float:
    """Return the time since `began`, a reading of the monotonic clock."""
    return round((time.monotonic() - began) * 1000, 1)
