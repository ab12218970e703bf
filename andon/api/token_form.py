"""What an access token looks like: `andon_t1_`, 256 random bits, a checksum.

The fixed beginning lets scanners find tokens in places where none should be:
`andon_t1_[A-Za-z0-9_-]{43}[0-9a-f]{8}`. The checksum tells a mistyped one from one that is not in force
before anything is looked up; it protects nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from typing import Final

from andon.domain.values import Sha256Hex

PREFIX: Final = "andon_t1_"
MAX_TOKEN: Final = 512
_FORM: Final = re.compile(r"(andon_t1_[A-Za-z0-9_-]{43})([0-9a-f]{8})")


def new_token() -> str:
    """Return a fresh token."""
    body = PREFIX + secrets.token_urlsafe(32)
    return body + _checksum(body)


def well_formed(token: str) -> bool:
    """Whether a text can be a token that was made here."""
    found = _FORM.fullmatch(token)
    return found is not None and found[2] == _checksum(found[1])


def hash_of(secret: str) -> Sha256Hex:
    """Return what is kept of a token, a session id or a one-time secret.

    All of them hold 256 random bits, so a plain hash is enough: there is nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
