"""Sessions by keyed digest: an id may name a person, so only its digest is kept and sent on."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Final

from andon.domain.sessions import DIGEST_KEY

LABEL: Final = b"andon/session/1"
LENGTH: Final = 32
"""Hexadecimal digits that are kept: 128 bits, and short enough for the name of a flag."""


class SessionDigests:
    """Digests under a key that every door of one installation derives from the master key."""

    def __init__(self, master: bytes) -> None:
        self._key = hmac.digest(master, LABEL, hashlib.sha256)

    def of(self, system: str, sessions: Iterable[str]) -> tuple[str, ...]:
        """Return the digests of sessions of an AI system, in their order."""
        return tuple(self._of(system, session) for session in sessions)

    def sought(self, system: str, targeting_key: str) -> str:
        """Return the digest that a targeting key asks for, by the session's id or by the digest itself."""
        if targeting_key.startswith(DIGEST_KEY):
            return targeting_key.removeprefix(DIGEST_KEY)
        return self._of(system, targeting_key)

    def _of(self, system: str, session: str) -> str:
        return hmac.new(self._key, json.dumps([system, session]).encode(), hashlib.sha256).hexdigest()[
            :LENGTH
        ]
