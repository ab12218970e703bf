"""Encryption with one AES-256-GCM key per incident, wrapped by the master key.

The nonce is a keyed digest of what is encrypted, so that the same content under the same name
gives the same bytes and a repeated capture stores nothing twice. Two different contents share
a nonce only if 96 bits of HMAC-SHA256 collide within one incident.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from andon.domain.errors import InvalidInputError, SignatureError
from andon.domain.values import IncidentId, Sha256Hex
from andon.register.keys import WrappedKeys

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""NIST SP 800-38D section 8.2: the length for which GCM needs no extra hashing."""
MARK_DIGITS: Final = 12
"""48 bits: enough to tell an incident's secrets apart, far too few to be one."""


@dataclass(frozen=True, slots=True)
class _Keys:
    cipher: AESGCM
    nonces: bytes
    commitments: bytes
    marks: bytes


class AesVault:
    """Opens and closes; keys are read when first needed and kept while the process lives."""

    def __init__(self, master: Path, keys: WrappedKeys, random: Callable[[int], bytes] = os.urandom) -> None:
        self._master = master
        self._wrapped = keys
        self._random = random
        self._known: dict[str, _Keys] = {}
        self._looking = Lock()

    async def encrypt(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt `content`; the same content under the same `bound_to` gives the same bytes."""
        return await asyncio.to_thread(self.encrypt_now, incident, content, bound_to=bound_to)

    async def encrypt_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt contents by what they are bound to, all in one thread."""
        return await asyncio.to_thread(self._each, incident, contents)

    async def decrypt(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open what `encrypt` gave."""
        return await asyncio.to_thread(self.decrypt_now, incident, stored, bound_to=bound_to)

    def encrypt_now(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt in the calling thread."""
        return _encrypted(self._keys_of(incident), _where(incident, bound_to), content)

    def encrypt_each_now(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt contents by what they are bound to, in the calling thread and its transaction.

        A key that is made here is not remembered: if the transaction is undone, so is the key, and
        what was encrypted under it later could never be opened.
        """
        keys = self._known.get(incident) or _derived(self._incident_key(incident))
        return [_encrypted(keys, _where(incident, bound_to), one) for bound_to, one in contents.items()]

    def decrypt_now(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open in the calling thread."""
        keys = self._keys_of(incident)
        nonce, sealed = stored[:NONCE_BYTES], stored[NONCE_BYTES:]
        return _opened(partial(keys.cipher.decrypt, nonce, sealed, _where(incident, bound_to)), bound_to)

    async def commit(self, incident: IncidentId, content: bytes, *, bound_to: str) -> Sha256Hex:
        """Commit to `content` in the clear: whoever has no key can't find it by guessing."""
        keys = await asyncio.to_thread(self._keys_of, incident)
        named = _where(incident, bound_to)
        return hmac.digest(keys.commitments, len(named).to_bytes(4, "big") + named + content, "sha256").hex()

    def mark_now(self, incident: IncidentId, secret: str) -> str:
        """Return a mark of a secret: the same for the same secret in one incident, another elsewhere."""
        keyed = hmac.digest(self._keys_of(incident).marks, secret.encode("utf-8", "surrogatepass"), "sha256")
        return keyed.hex()[:MARK_DIGITS]

    def _each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        return [self.encrypt_now(incident, one, bound_to=bound_to) for bound_to, one in contents.items()]

    def _keys_of(self, incident: str) -> _Keys:
        with self._looking:
            if incident not in self._known:
                self._known[incident] = _derived(self._incident_key(incident))
            return self._known[incident]

    def _incident_key(self, incident: str) -> bytes:
        master = AESGCM(_master_key(self._master))
        wrapped = self._wrapped.get(incident)
        if wrapped is None:
            nonce = self._random(NONCE_BYTES)
            fresh = nonce + master.encrypt(nonce, self._random(KEY_BYTES), incident.encode())
            wrapped = self._wrapped.put_if_absent(incident, fresh)
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        return _opened(partial(master.decrypt, nonce, sealed, incident.encode()), f"key of {incident}")


def _encrypted(keys: _Keys, where: bytes, content: bytes) -> bytes:
    named = len(where).to_bytes(4, "big") + where + content
    nonce = hmac.digest(keys.nonces, named, "sha256")[:NONCE_BYTES]
    return nonce + keys.cipher.encrypt(nonce, content, where)


def _where(incident: str, bound_to: str) -> bytes:
    return f"{incident}|{bound_to}".encode()


def _opened(decrypt: Callable[[], bytes], name: str) -> bytes:
    try:
        return decrypt()
    except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce or a tag
        raise SignatureError(f"{name} was altered, belongs elsewhere, or has another key") from error


def _derived(key: bytes) -> _Keys:
    def subkey(purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"andon/" + purpose).derive(key)

    return _Keys(
        cipher=AESGCM(subkey(b"cipher")),
        nonces=subkey(b"nonce"),
        commitments=subkey(b"commitment"),
        marks=subkey(b"mark"),
    )


def _master_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise InvalidInputError(f"{path} must hold exactly {KEY_BYTES} bytes; it holds {len(key)}")
    return key
