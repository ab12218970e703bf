"""Recognising what this console prepared: the nonce of an answer carries a seal over the rest of it."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from andon.console.models.response import Prepared
from andon.domain.response import Said
from andon.domain.values import canonical

GOOD_FOR: Final = timedelta(hours=1)
"""Long enough for a key that is kept on another machine."""

_EXPIRY_BYTES: Final = 5
_RANDOM_BYTES: Final = 12
_SEAL_BYTES: Final = 16
_LENGTH: Final = _EXPIRY_BYTES + _RANDOM_BYTES + _SEAL_BYTES


class Preparations:
    """Prepares answers and knows them again; nothing is kept in between, so any console will do."""

    def __init__(self, session_key: bytes) -> None:
        self._key = hmac.digest(session_key, b"andon/console/prepared", "sha256")

    def prepare(self, fields: dict[str, Any], at: datetime) -> Prepared:
        """Return an answer with its nonce; `fields` are all the others."""
        # Whole seconds: the nonce holds no more.
        expires_at = (at + GOOD_FOR).astimezone(UTC).replace(microsecond=0)
        plain = Said.model_validate({**fields, "nonce": "0" * 16})
        head = int(expires_at.timestamp()).to_bytes(_EXPIRY_BYTES) + os.urandom(_RANDOM_BYTES)
        nonce = urlsafe_b64encode(head + self._seal(head, plain)).decode()
        return Prepared(said=plain.model_copy(update={"nonce": nonce}), expires_at=expires_at)

    def expiry(self, said: Said) -> datetime | None:
        """Return until when a prepared answer is taken; None: it was not prepared here, or was changed."""
        try:
            nonce = urlsafe_b64decode(said.nonce.encode("ascii"))
        except ValueError:
            return None
        head, seal = nonce[:-_SEAL_BYTES], nonce[-_SEAL_BYTES:]
        if len(nonce) != _LENGTH or urlsafe_b64encode(nonce).decode() != said.nonce:
            return None
        if not hmac.compare_digest(self._seal(head, said), seal):
            return None
        return datetime.fromtimestamp(int.from_bytes(head[:_EXPIRY_BYTES]), UTC)

    def _seal(self, head: bytes, said: Said) -> bytes:
        rest = said.model_dump(mode="json", exclude={"nonce"})
        return hmac.digest(self._key, head + canonical(rest), "sha256")[:_SEAL_BYTES]
