"""Sessions of people who signed in to the pages.

A session is the person's token, encrypted into a cookie under a key derived from the master key.
So any console of the installation can read it after a restart, nobody else can, and a token that is
taken out of force ends its sessions at once.
"""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from andon.api.authentication import MAX_TOKEN, Caller, TokenBook
from andon.domain.directory import Role
from andon.domain.values import Frozen

COOKIE: Final = "andon_session"
LIFETIME: Final = timedelta(hours=8)
NONCE_BYTES: Final = 12
MAX_COOKIE: Final = 2048
BOUND_TO: Final = b"andon/console/session"


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in."""

    caller: Caller
    role: Role
    csrf: str
    id: str
    ends_at: float


class _Content(Frozen):
    token: str
    id: str
    ends_at: float


def session_key(master: Path) -> bytes:
    """Derive the key that seals sessions from the master key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=BOUND_TO).derive(master.read_bytes())


class Sessions:
    """Begins, reads and ends sessions."""

    def __init__(self, key: bytes, tokens: TokenBook, now: Callable[[], datetime]) -> None:
        self._cipher = AESGCM(key)
        self._key = key
        self._tokens = tokens
        self._now = now
        self._ended: dict[str, float] = {}

    def begin(self, token: str) -> str | None:
        """Return the cookie of a new session; None if the token is not in force for a person."""
        if self._person(token) is None:
            return None
        ends_at = (self._now() + LIFETIME).timestamp()
        content = _Content(token=token, id=secrets.token_urlsafe(16), ends_at=ends_at)
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content.model_dump_json().encode(), BOUND_TO)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, cookie: str) -> Session | None:
        """Return the session behind a cookie; None if it has ended, or was not made here."""
        found = self._opened(cookie)
        if found is None or found.ends_at <= self._now().timestamp() or found.id in self._ended:
            return None
        caller = self._person(found.token)
        if caller is None or caller.role is None:
            return None
        csrf = hmac.new(self._key, b"csrf\0" + found.id.encode(), "sha256").hexdigest()
        return Session(caller, caller.role, csrf, found.id, found.ends_at)

    def end(self, session: Session) -> None:
        """Sign out: this console takes the cookie no more, wherever a copy of it is."""
        now = self._now().timestamp()
        self._ended = {name: until for name, until in self._ended.items() if until > now}
        self._ended[session.id] = session.ends_at

    def _person(self, token: str) -> Caller | None:
        found = self._tokens.find(token) if 0 < len(token) <= MAX_TOKEN else None
        # Detectors are programs: nothing on these pages is for them.
        return found if found and found.role not in (None, Role.DETECTOR) else None

    def _opened(self, cookie: str) -> _Content | None:
        if not 0 < len(cookie) <= MAX_COOKIE:
            return None
        try:
            sealed = urlsafe_b64decode(cookie.encode() + b"=" * (-len(cookie) % 4))
            content = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], BOUND_TO)
        except (InvalidTag, ValueError):
            return None
        return _Content.model_validate_json(content)
