"""How the console speaks at the door for somebody who is signed in at its pages.

A browser's session is known to the console alone, and only the door takes reports. For each report the
console makes a voucher: a person, a role, one scope, a few seconds. It is authenticated with a key that
both derive from the master key, and kept nowhere, so no standing credential can speak for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field

from andon.api.marked import Marked
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.values import Frozen, Instant, PersonId

PREFIX: Final = "andon_v1_"
GOOD_FOR: Final = timedelta(seconds=30)
"""Processes of one installation may differ by as much in their clocks, either way."""
BOUND_TO: Final = b"andon/console/door"


class Voucher(Frozen):
    """What the console says of whoever stands behind a request."""

    audience: Literal["door"] = "door"
    person: PersonId
    role: Role
    scope: Literal[Scope.INTAKE] = Scope.INTAKE
    made_at: Instant = Field(description="it is good for seconds from here on")


class Vouching:
    """Makes vouchers and reads them."""

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        self._marked = Marked(key, Voucher)
        self._now = now

    def vouch(self, person: PersonId, role: Role) -> str:
        """Return a voucher, to be sent like a token."""
        return PREFIX + self._marked.write(Voucher(person=person, role=role, made_at=self._now()))

    def read(self, sent: str) -> Voucher | None:
        """Return what a voucher says; None if it is none, was altered, or is not good now."""
        if not sent.startswith(PREFIX):
            return None
        voucher = self._marked.read(sent.removeprefix(PREFIX))
        return voucher if voucher and abs(self._now() - voucher.made_at) <= GOOD_FOR else None


def vouching_key(master: Path) -> bytes:
    """Derive the key of vouchers from the master key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=BOUND_TO).derive(master.read_bytes())
