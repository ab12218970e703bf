"""Encryption with one AES-256-GCM key an item, wrapped by its incident's key, wrapped by the master key.

Both wrapped keys are in the register and nowhere else, and none is remembered in the clear: once a key
is destroyed there, no process can open what it sealed.

The nonce is a keyed digest of what is encrypted, so that the same content under the same name gives the
same bytes and a repeated capture stores nothing twice. Two different contents share a nonce only if 96
bits of HMAC-SHA256 collide within one item.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from andon.adapters.store.together import Together
from andon.domain.errors import ErasedError, InvalidInputError, SignatureError
from andon.domain.values import IncidentId, Sha256Hex, sha256
from andon.register.keys import Wrapped, WrappedKeys

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
    """Opens and closes; keys are read whenever they are needed."""

    def __init__(self, master: Path, keys: WrappedKeys, random: Callable[[int], bytes] = os.urandom) -> None:
        self._master = master
        self._wrapped = keys
        self._random = random
        self._have_keys = Together(self._make_keys)

    async def encrypt(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt `content`; the same content under the same `bound_to` gives the same bytes."""
        return await asyncio.to_thread(self.encrypt_now, incident, content, bound_to=bound_to)

    async def encrypt_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt contents by what they are bound to, all in one thread."""
        await self._have_keys((incident, tuple(contents)))
        return await asyncio.to_thread(self.encrypt_each_now, incident, contents)

    async def decrypt(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open what `encrypt` gave."""
        return await asyncio.to_thread(self.decrypt_now, incident, stored, bound_to=bound_to)

    def encrypt_now(self, incident: IncidentId, content: bytes, *, bound_to: str) -> bytes:
        """Encrypt in the calling thread."""
        return self.encrypt_each_now(incident, {bound_to: content})[0]

    def encrypt_each_now(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[bytes]:
        """Encrypt contents by what they are bound to, in the calling thread and its transaction."""
        keys = self._keys_of(incident, tuple(contents))
        return [
            _encrypted(keys[bound_to], _where(incident, bound_to), one) for bound_to, one in contents.items()
        ]

    def decrypt_now(self, incident: IncidentId, stored: bytes, *, bound_to: str) -> bytes:
        """Open in the calling thread."""
        found = self._wrapped.of_each([(incident, name := name_of_key(bound_to))])
        return self._decrypted(incident, stored, bound_to, found[incident, name])

    def decrypt_each_now(
        self, sealed: Sequence[tuple[IncidentId, bytes, str]]
    ) -> list[bytes | ErasedError | SignatureError]:
        """Open contents of many incidents, given with what they are bound to; what fails says why."""
        wanted = [(incident, name_of_key(bound_to)) for incident, _, bound_to in sealed]
        found = self._wrapped.of_each(wanted)
        opened: list[bytes | ErasedError | SignatureError] = []
        for place, (incident, stored, bound_to) in zip(wanted, sealed, strict=True):
            try:
                opened.append(self._decrypted(incident, stored, bound_to, found[place]))
            except (ErasedError, SignatureError) as error:
                opened.append(error)
        return opened

    async def commit(self, incident: IncidentId, content: bytes, *, bound_to: str) -> Sha256Hex:
        """Commit to `content` in the clear: whoever has no key can't find it by guessing."""
        return (await self.commit_each(incident, {bound_to: content}))[0]

    async def commit_each(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[Sha256Hex]:
        """Commit to contents by what they are bound to, all in one thread."""
        return await asyncio.to_thread(self._committed, incident, contents)

    def _committed(self, incident: IncidentId, contents: Mapping[str, bytes]) -> list[Sha256Hex]:
        keys = self._keys_of(incident, tuple(contents))
        return [
            hmac.digest(keys[bound_to].commitments, _named(_where(incident, bound_to)) + one, "sha256").hex()
            for bound_to, one in contents.items()
        ]

    def mark_now(self, incident: IncidentId, secret: str) -> str:
        """Return a mark of a secret: the same for the same secret in one incident, another elsewhere."""
        keys = _derived(self._incident_key(incident)[1])
        return hmac.digest(keys.marks, secret.encode("utf-8", "surrogatepass"), "sha256").hex()[:MARK_DIGITS]

    def shred_now(self, incident: IncidentId, bound_to: Sequence[str], at: datetime) -> int:
        """Destroy the keys of items in the calling thread and its transaction; return how many had one.

        What is yet to be sealed under these names can't be sealed any more.
        """
        return self._wrapped.destroy(incident, tuple(map(name_of_key, bound_to)), at)

    def shred_all_now(self, incident: IncidentId, at: datetime, *, spared: Sequence[str]) -> int:
        """Destroy every key of an incident, its own included, but for those of some items.

        Their keys are wrapped anew, so that their stored bytes and digests stay as they are.
        """
        wrapped = self._wrapped.get(incident)
        names = tuple(map(name_of_key, spared))
        found = self._wrapped.of_items(incident, names) if wrapped is not None else {}
        kept = {name: key for name, key in found.items() if key is not None}
        if wrapped is None or not kept:
            return self._wrapped.destroy_all(incident, at)
        before, after = self._unwrapped(wrapped, incident), self._random(KEY_BYTES)
        anew: dict[str, bytes] = {}
        for name, key in kept.items():
            plain = _opened(partial(_unwrap, before, key, incident, name), f"key {name}")
            anew[name] = self._wrap(after, plain, incident, name)
        return self._wrapped.destroy_all(incident, at, spared=anew, under=self._under_master(after, incident))

    def _make_keys(self, wanted: Sequence[tuple[IncidentId, tuple[str, ...]]]) -> None:
        for incident in {incident for incident, _ in wanted}:
            self._keys_of(incident, [name for one, names in wanted if one == incident for name in names])

    def _keys_of(self, incident: str, bound_to: Sequence[str]) -> dict[str, _Keys]:
        """Return the keys of items, made where there is none.

        Raises:
            ErasedError: one was destroyed; what was erased is not taken in again.
        """
        names = {one: name_of_key(one) for one in bound_to}
        while True:
            wrapped, plain = self._incident_key(incident)
            found = self._wrapped.of_items(incident, tuple(names.values()))
            if missing := [name for name in names.values() if name not in found]:
                fresh = {name: self._wrap(plain, self._random(KEY_BYTES), incident, name) for name in missing}
                found |= self._wrapped.put_items_if_absent(incident, wrapped, fresh)
            # None came back if the incident's own key was destroyed meanwhile: begin with the new one.
            if all(name in found for name in names.values()):
                return {
                    one: _derived(self._item_key(incident, plain, found[name], one))
                    for one, name in names.items()
                }

    def _decrypted(self, incident: str, stored: bytes, bound_to: str, wrapped: Wrapped) -> bytes:
        keys = self._keys_to_open(incident, bound_to, wrapped)
        nonce, sealed = stored[:NONCE_BYTES], stored[NONCE_BYTES:]
        return _opened(partial(keys.cipher.decrypt, nonce, sealed, _where(incident, bound_to)), bound_to)

    def _keys_to_open(self, incident: str, bound_to: str, wrapped: Wrapped) -> _Keys:
        if wrapped.has_own and wrapped.item is None:
            raise ErasedError(bound_to)
        if wrapped.incident is None:
            raise SignatureError(f"{bound_to} belongs elsewhere: {incident} has no key")
        plain = self._unwrapped(wrapped.incident, incident)
        # What was sealed before items had keys of their own was sealed with the incident's.
        return _derived(self._item_key(incident, plain, wrapped.item, bound_to) if wrapped.has_own else plain)

    def _item_key(self, incident: str, incident_key: bytes, wrapped: bytes | None, bound_to: str) -> bytes:
        if wrapped is None:
            raise ErasedError(bound_to)
        name = name_of_key(bound_to)
        return _opened(partial(_unwrap, incident_key, wrapped, incident, name), f"key of {bound_to}")

    def _wrap(self, under: bytes, key: bytes, incident: str, name: str) -> bytes:
        nonce = self._random(NONCE_BYTES)
        return nonce + _wrapping(under).encrypt(nonce, key, _where(incident, name))

    def _incident_key(self, incident: str) -> tuple[bytes, bytes]:
        """Return an incident's key, wrapped and plain."""
        wrapped = self._wrapped.get(incident)
        if wrapped is None:
            fresh = self._under_master(self._random(KEY_BYTES), incident)
            wrapped = self._wrapped.put_if_absent(incident, fresh)
        return wrapped, self._unwrapped(wrapped, incident)

    def _under_master(self, key: bytes, incident: str) -> bytes:
        nonce = self._random(NONCE_BYTES)
        return nonce + AESGCM(_master_key(self._master)).encrypt(nonce, key, incident.encode())

    def _unwrapped(self, wrapped: bytes, incident: str) -> bytes:
        master = AESGCM(_master_key(self._master))
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        return _opened(partial(master.decrypt, nonce, sealed, incident.encode()), f"key of {incident}")


def name_of_key(bound_to: str) -> Sha256Hex:
    """Return under which name the key of what is bound to a place is kept."""
    return sha256(bound_to.encode("utf-8", "surrogatepass"))


def _encrypted(keys: _Keys, where: bytes, content: bytes) -> bytes:
    nonce = hmac.digest(keys.nonces, _named(where) + content, "sha256")[:NONCE_BYTES]
    return nonce + keys.cipher.encrypt(nonce, content, where)


def _named(where: bytes) -> bytes:
    return len(where).to_bytes(4, "big") + where


def _where(incident: str, bound_to: str) -> bytes:
    return f"{incident}|{bound_to}".encode()


def _opened(decrypt: Callable[[], bytes], name: str) -> bytes:
    try:
        return decrypt()
    except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce or a tag
        raise SignatureError(f"{name} was altered, belongs elsewhere, or has another key") from error


def _derived(key: bytes) -> _Keys:
    return _Keys(
        cipher=AESGCM(_subkey(key, b"cipher")),
        nonces=_subkey(key, b"nonce"),
        commitments=_subkey(key, b"commitment"),
        marks=_subkey(key, b"mark"),
    )


def _unwrap(incident_key: bytes, wrapped: bytes, incident: str, name: str) -> bytes:
    nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    return _wrapping(incident_key).decrypt(nonce, sealed, _where(incident, name))


def _wrapping(incident_key: bytes) -> AESGCM:
    return AESGCM(_subkey(incident_key, b"wrap"))


def _subkey(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"andon/" + purpose).derive(key)


def _master_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise InvalidInputError(f"{path} must hold exactly {KEY_BYTES} bytes; it holds {len(key)}")
    return key
