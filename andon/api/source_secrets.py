"""Making and opening the secrets that sources sign with; they are kept under the master key."""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from andon.domain.errors import SignatureError
from andon.register.source_secrets import KeptSecret, SourceSecrets

PREFIX: Final = "whsec_"
"""How Standard Webhooks writes a secret; scanners for leaked secrets know it."""
SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12
BOUND_TO: Final = b"andon/source/secret"


class SecretDrawer:
    """Gives each source its secret, shown once."""

    def __init__(self, master: Path, kept: SourceSecrets) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=BOUND_TO).derive(master.read_bytes())
        self._cipher = AESGCM(key)
        self._kept = kept

    def make(self, source: str, by: str, at: datetime) -> tuple[str, datetime | None]:
        """Return a fresh secret, and when the one it replaces ends."""
        secret = PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), source.encode())
        return secret, self._kept.replace(source, sealed, by, at)

    def in_force(self, source: str, at: datetime) -> list[KeptSecret]:
        """Return which secrets of a source are in force, sealed."""
        return self._kept.in_force(source, at)

    def of(self, source: str, at: datetime) -> list[str]:
        """Return the secrets of a source that are in force.

        Raises:
            SignatureError: what is kept was altered, or the master key is another.
        """
        return [self._opened(source, one.sealed) for one in self._kept.in_force(source, at)]

    def _opened(self, source: str, sealed: bytes) -> str:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], source.encode()).decode()
        except InvalidTag as error:
            raise SignatureError(f"the secret of {source} was altered, or has another master key") from error
