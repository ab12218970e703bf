"""What a browser comes back for: sealed in the register, found by a secret, good once and for minutes."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from andon.api.token_form import hash_of
from andon.domain.values import Frozen, Sha256Hex
from andon.register.slips import Slip, Slips

NONCE_BYTES: Final = 12
LONGEST_SECRET: Final = 128

Content = TypeVar("Content", bound=Frozen)


def slip_key(session_key: bytes) -> bytes:
    """Derive the key that seals slips."""
    return hmac.digest(session_key, b"andon/console/slips", "sha256")


class SealedSlips:
    """Slips whose content only the consoles of this installation can read."""

    def __init__(self, key: bytes, rows: Slips, now: Callable[[], datetime]) -> None:
        self._cipher = AESGCM(key)
        self._rows = rows
        self._now = now

    async def put(self, kind: Slip, content: Frozen, good_for: timedelta) -> str:
        """Keep `content` and return the secret that gets it."""
        secret, now = secrets.token_urlsafe(32), self._now()
        digest, nonce = hash_of(secret), os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content.model_dump_json().encode(), _bound(kind, digest))
        await asyncio.to_thread(self._rows.put, digest, kind, sealed, now, now + good_for)
        return secret

    async def look(self, kind: Slip, secret: str, form: type[Content]) -> Content | None:
        """Return what `secret` gets and leave it there."""
        return await self._got(self._rows.look, kind, secret, form)

    async def take(self, kind: Slip, secret: str, form: type[Content]) -> Content | None:
        """Return what `secret` gets; nobody gets it again."""
        return await self._got(self._rows.take, kind, secret, form)

    async def _got(
        self,
        query: Callable[[Sha256Hex, Slip, datetime], bytes | None],
        kind: Slip,
        secret: str,
        form: type[Content],
    ) -> Content | None:
        if not 0 < len(secret) <= LONGEST_SECRET:
            return None
        digest = hash_of(secret)
        sealed = await asyncio.to_thread(query, digest, kind, self._now())
        if sealed is None:
            return None
        try:
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(kind, digest))
        except InvalidTag:  # written under another master key
            return None
        return form.model_validate_json(plain)


def _bound(kind: Slip, digest: Sha256Hex) -> bytes:
    return f"andon/slip/{kind.value}/{digest}".encode()
